using System.Reflection;
using System.Runtime.CompilerServices;
using Dapr.Workflow;

namespace KestrelVoice.Workflow.Tests;

/// <summary>
/// What apps compile against is what they find in Dapr's own package (1.18), so that it can take our place. Not offered here: propagated history (reading it),
/// the source-generated registry with its attributes and IWorkflowsFactory, and the base types that come from Dapr.Common.
/// </summary>
public sealed class PublicApiTests
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<string, string[]> Official = new(StringComparer.Ordinal)
    {
        ["Dapr.Workflow.IWorkflow"] =
        [
            "Type InputType", "Type OutputType", "Task<Object> RunAsync(WorkflowContext context, Object input)",
        ],
        ["Dapr.Workflow.Abstractions.IWorkflowActivity"] =
        [
            "Type InputType", "Type OutputType", "Task<Object> RunAsync(WorkflowActivityContext context, Object input)",
        ],
        ["Dapr.Workflow.Workflow<TInput,TOutput>"] = ["abstract Task<TOutput> RunAsync(WorkflowContext context, TInput input)"],
        ["Dapr.Workflow.WorkflowActivity<TInput,TOutput>"] = ["abstract Task<TOutput> RunAsync(WorkflowActivityContext context, TInput input)"],
        ["Dapr.Workflow.IWorkflowContext"] = ["Boolean IsReplaying", "DateTime CurrentUtcDateTime", "Boolean IsPatched(String patchName)"],
        ["Dapr.Workflow.WorkflowContext"] =
        [
            "abstract String Name",
            "abstract String InstanceId",
            "abstract DateTime CurrentUtcDateTime",
            "abstract Boolean IsReplaying",
            "abstract Boolean IsPatched(String patchName)",
            "virtual Task CallActivityAsync(String name, Object input = null, WorkflowTaskOptions options = null)",
            "abstract Task<T> CallActivityAsync<T>(String name, Object input = null, WorkflowTaskOptions options = null)",
            "virtual Task CreateTimer(TimeSpan delay, CancellationToken cancellationToken = null)",
            "abstract Task CreateTimer(DateTime fireAt, CancellationToken cancellationToken)",
            "abstract Task<T> WaitForExternalEventAsync<T>(String eventName, CancellationToken cancellationToken = null)",
            "abstract Task<T> WaitForExternalEventAsync<T>(String eventName, TimeSpan timeout)",
            "abstract Void SendEvent(String instanceId, String eventName, Object payload)",
            "abstract Void SetCustomStatus(Object customStatus)",
            "virtual Task CallChildWorkflowAsync(String workflowName, Object input = null, ChildWorkflowTaskOptions options = null)",
            "abstract Task<TResult> CallChildWorkflowAsync<TResult>(String workflowName, Object input = null, ChildWorkflowTaskOptions options = null)",
            "abstract ILogger CreateReplaySafeLogger(String categoryName)",
            "abstract ILogger CreateReplaySafeLogger(Type type)",
            "abstract ILogger CreateReplaySafeLogger<T>()",
            "abstract Void ContinueAsNew(Object newInput = null, Boolean preserveUnprocessedEvents = True)",
            "abstract Guid NewGuid()",
        ],
        ["Dapr.Workflow.WorkflowActivityContext"] = ["abstract TaskIdentifier Identifier", "abstract String TaskExecutionKey", "abstract String InstanceId"],
        ["Dapr.Workflow.Abstractions.TaskIdentifier"] =
        [
            "new(String Name)", "String Name", "TaskIdentifier op_Implicit(String name)", "String op_Implicit(TaskIdentifier identifier)",
        ],
        ["Dapr.Workflow.WorkflowTaskOptions"] =
        [
            "new(WorkflowRetryPolicy RetryPolicy = null, String TargetAppId = null, HistoryPropagationScope PropagationScope = None)",
            "WorkflowRetryPolicy RetryPolicy", "String TargetAppId", "HistoryPropagationScope PropagationScope",
        ],
        ["Dapr.Workflow.ChildWorkflowTaskOptions"] =
        [
            "new(String InstanceId = null, WorkflowRetryPolicy RetryPolicy = null, String TargetAppId = null, HistoryPropagationScope PropagationScope = None)",
            "String InstanceId",
        ],
        ["Dapr.Workflow.HistoryPropagationScope"] = ["None = 0", "OwnHistory = 1", "Lineage = 2"],
        ["Dapr.Workflow.WorkflowRetryPolicy"] =
        [
            "new(Int32 maxNumberOfAttempts, TimeSpan firstRetryInterval, Double backoffCoefficient = 1, Nullable<TimeSpan> maxRetryInterval = null, "
                + "Nullable<TimeSpan> retryTimeout = null)",
            "Int32 MaxNumberOfAttempts", "TimeSpan FirstRetryInterval", "Double BackoffCoefficient", "Nullable<TimeSpan> MaxRetryInterval", "TimeSpan RetryTimeout",
        ],
        ["Dapr.Workflow.WorkflowTaskFailedException"] =
        [
            "new(String message, WorkflowTaskFailureDetails failureDetails)", "WorkflowTaskFailureDetails FailureDetails",
        ],
        ["Dapr.Workflow.WorkflowTaskFailureDetails"] =
        [
            "new(String errorType, String errorMessage, String stackTrace = null)",
            "String ErrorType", "String ErrorMessage", "String StackTrace", "Boolean IsCausedBy<T>()",
        ],
        ["Dapr.Workflow.WorkflowRuntimeStatus"] =
        [
            "Unknown = -1", "Running = 0", "Completed = 1", "ContinuedAsNew = 2", "Failed = 3", "Canceled = 4", "Terminated = 5", "Pending = 6", "Suspended = 7",
            "Stalled = 8",
        ],
        ["Dapr.Workflow.WorkflowState"] =
        [
            "String WorkflowName", "Boolean Exists", "Boolean IsWorkflowRunning", "Boolean IsWorkflowCompleted", "DateTimeOffset CreatedAt",
            "DateTimeOffset LastUpdatedAt", "WorkflowRuntimeStatus RuntimeStatus", "WorkflowTaskFailureDetails FailureDetails",
            "T ReadInputAs<T>()", "T ReadOutputAs<T>()", "T ReadCustomStatusAs<T>()",
        ],
        ["Dapr.Workflow.IDaprWorkflowClient"] = Client,
        ["Dapr.Workflow.DaprWorkflowClient"] = [.. Client, "ValueTask DisposeAsync()"],
        ["Dapr.Workflow.WorkflowInstancePage"] =
        [
            "new(IReadOnlyList<String> InstanceIds, String ContinuationToken)", "IReadOnlyList<String> InstanceIds", "String ContinuationToken",
        ],
        ["Dapr.Workflow.WorkflowHistoryEvent"] =
        [
            "new(Int32 EventId, String EventType, DateTimeOffset Timestamp)", "Int32 EventId", "String EventType", "DateTimeOffset Timestamp",
        ],
        ["Dapr.Workflow.RerunWorkflowFromEventOptions"] = ["new()", "String NewInstanceId", "Object Input", "Boolean OverwriteInput"],
        ["Dapr.Workflow.WorkflowRuntimeOptions"] =
        [
            "new()",
            "Void RegisterWorkflow<TInput,TOutput>(String name, Func<WorkflowContext,TInput,Task<TOutput>> implementation)",
            "Void RegisterWorkflow<TWorkflow>(String name = null)",
            "Void RegisterActivity<TInput,TOutput>(String name, Func<WorkflowActivityContext,TInput,Task<TOutput>> implementation)",
            "Void RegisterActivity<TActivity>(String name = null)",
            "Void UseGrpcChannelOptions(GrpcChannelOptions grpcChannelOptions)",
            "Int32 MaxConcurrentWorkflows", "Int32 MaxConcurrentActivities",
        ],
        ["Dapr.Workflow.WorkflowServiceCollectionExtensions"] =
        [
            "IServiceCollection AddDaprWorkflow(IServiceCollection services)",
            "IServiceCollection AddDaprWorkflow(IServiceCollection services, Action<WorkflowRuntimeOptions> configure, ServiceLifetime lifetime = Singleton)",
            "DaprWorkflowBuilder AddDaprWorkflowBuilder(IServiceCollection services, Action<WorkflowRuntimeOptions> configure, "
                + "Action<IServiceProvider,DaprWorkflowClientBuilder> configureClient = null, ServiceLifetime lifetime = Singleton)",
        ],
        ["Dapr.Workflow.ParallelExtensions"] =
        [
            "Task<TResult[]> ProcessInParallelAsync<TInput,TResult>(WorkflowContext context, IEnumerable<TInput> inputs, "
                + "Func<TInput,Task<TResult>> taskFactory, Int32 maxConcurrency = 5)",
        ],
        ["Dapr.Workflow.Registration.IDaprWorkflowBuilder"] = ["IServiceCollection Services"],
        ["Dapr.Workflow.Registration.DaprWorkflowBuilder"] =
        [
            "IServiceCollection Services",
            "DaprWorkflowBuilder WithSerializer(IWorkflowSerializer serializer)",
            "DaprWorkflowBuilder WithJsonSerializer(JsonSerializerOptions options)",
            "DaprWorkflowBuilder WithGrpcMessageSizeLimits(Nullable<Int32> maxReceiveMessageSize = null, Nullable<Int32> maxSendMessageSize = null)",
        ],
        ["Dapr.Workflow.Registration.DaprWorkflowClientBuilder"] =
        [
            "new(IConfiguration configuration = null)",
            "DaprWorkflowClientBuilder UseGrpcEndpoint(String grpcEndpoint)",
            "DaprWorkflowClientBuilder UseDaprApiToken(String apiToken)",
            "DaprWorkflowClientBuilder UseGrpcChannelOptions(GrpcChannelOptions grpcChannelOptions)",
            "DaprWorkflowClientBuilder UseSerializer(IWorkflowSerializer serializer)",
            "DaprWorkflowClientBuilder UseJsonSerializer(JsonSerializerOptions options)",
            "DaprWorkflowClient Build()",
        ],
        ["Dapr.Workflow.Serialization.IWorkflowSerializer"] =
        [
            "String Serialize(Object value, Type inputType = null)", "T Deserialize<T>(String data)", "Object Deserialize(String data, Type returnType)",
        ],
    };

    // Ours alone: what uses it will have to change when the official package takes over.
    private static readonly string[] Additions = ["Dapr.Workflow.WorkflowRuntimeOptions: TimeSpan DrainTimeout"];

    private static string[] Client =>
    [
        "Task<String> ScheduleNewWorkflowAsync(String name, String instanceId = null, Object input = null)",
        "Task<String> ScheduleNewWorkflowAsync(String name, String instanceId, Object input, Nullable<DateTime> startTime)",
        "Task<String> ScheduleNewWorkflowAsync(String name, String instanceId, Object input, Nullable<DateTimeOffset> startTime, CancellationToken cancellation = null)",
        "Task<WorkflowState> GetWorkflowStateAsync(String instanceId, Boolean getInputsAndOutputs = True, CancellationToken cancellation = null)",
        "Task<WorkflowState> WaitForWorkflowStartAsync(String instanceId, Boolean getInputsAndOutputs = True, CancellationToken cancellation = null)",
        "Task<WorkflowState> WaitForWorkflowCompletionAsync(String instanceId, Boolean getInputsAndOutputs = True, CancellationToken cancellation = null)",
        "Task RaiseEventAsync(String instanceId, String eventName, Object eventPayload = null, CancellationToken cancellation = null)",
        "Task TerminateWorkflowAsync(String instanceId, Object output = null, CancellationToken cancellation = null)",
        "Task SuspendWorkflowAsync(String instanceId, String reason = null, CancellationToken cancellation = null)",
        "Task ResumeWorkflowAsync(String instanceId, String reason = null, CancellationToken cancellation = null)",
        "Task<Boolean> PurgeInstanceAsync(String instanceId, CancellationToken cancellation = null)",
        "Task<WorkflowInstancePage> ListInstanceIdsAsync(String continuationToken = null, Nullable<Int32> pageSize = null, CancellationToken cancellation = null)",
        "Task<IReadOnlyList<WorkflowHistoryEvent>> GetInstanceHistoryAsync(String instanceId, CancellationToken cancellation = null)",
        "Task<String> RerunWorkflowFromEventAsync(String instanceId, UInt32 eventId, RerunWorkflowFromEventOptions options = null, CancellationToken cancellation = null)",
    ];

    [Fact]
    public void Public_types_are_those_of_the_official_package()
    {
        var ours = typeof(DaprWorkflowClient).Assembly.GetExportedTypes()
            .SelectMany(type => Members(type).Select(member => $"{FullName(type)}: {member}"))
            .Except(Additions, StringComparer.Ordinal)
            .Order(StringComparer.Ordinal);

        ours.ShouldBe(Official.SelectMany(type => type.Value.Select(member => $"{type.Key}: {member}")).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Types_that_must_not_be_derived_from_are_sealed() =>
        new[] { typeof(DaprWorkflowClient), typeof(WorkflowState), typeof(WorkflowRuntimeOptions) }.ShouldAllBe(type => type.IsSealed);

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
            return Enum.GetNames(type).Select(name => $"{name} = {(int)Enum.Parse(type, name)}");
        var constructors = type.GetConstructors(Declared).Where(constructor => !type.IsAbstract && !IsOfRecord(constructor, type))
            .Select(constructor => $"new({Parameters(constructor)})");
        var properties = type.GetProperties(Declared).Where(property => property.Name != "EqualityContract")
            .Select(property => $"{Kind(property.GetMethod!, type)}{Name(property.PropertyType)} {property.Name}");
        var methods = type.GetMethods(Declared)
            .Where(method => (!method.IsSpecialName || method.Name == "op_Implicit") && !IsOfRecord(method, type) && method.Name != nameof(ToString))
            .Select(method => $"{Kind(method, type)}{Name(method.ReturnType)} {method.Name}{Arguments(method)}({Parameters(method)})");
        return [.. constructors, .. properties, .. methods];
    }

    private static bool IsOfRecord(MethodBase member, Type type) => member.GetCustomAttribute<CompilerGeneratedAttribute>() is not null
        || member.Name is "Deconstruct" or "<Clone>$"
        || (member is ConstructorInfo && member.GetParameters() is [var only] && only.ParameterType == type);

    private static string Kind(MethodInfo method, Type type) => type.IsInterface || !type.IsAbstract || !method.IsVirtual || method.IsFinal ? ""
        : method.IsAbstract ? "abstract " : "virtual ";

    private static string FullName(Type type) => $"{type.Namespace}.{Name(type)}";

    private static string Name(Type type) => type.IsArray ? Name(type.GetElementType()!) + "[]"
        : type.IsGenericType ? $"{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(',', type.GetGenericArguments().Select(Name))}>"
        : type.Name;

    private static string Arguments(MethodInfo method) => method.IsGenericMethod ? $"<{string.Join(',', method.GetGenericArguments().Select(Name))}>" : "";

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(parameter =>
        $"{Name(parameter.ParameterType)} {parameter.Name}{(parameter.HasDefaultValue ? $" = {parameter.DefaultValue ?? "null"}" : "")}"));
}
