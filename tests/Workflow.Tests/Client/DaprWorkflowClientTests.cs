using System.Diagnostics;
using Dapr.Workflow;
using Dapr.Workflow.Registration;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using KestrelVoice.TaskHub;
using KestrelVoice.Workflow.Tests.Harness;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Workflow.Tests.Client;

public sealed class DaprWorkflowClientTests : IAsyncLifetime
{
    private ScriptedSidecar _sidecar = null!;
    private DaprWorkflowClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _sidecar = await ScriptedSidecar.StartAsync();
        _client = new DaprWorkflowClientBuilder().UseGrpcEndpoint(_sidecar.Endpoint).Build();
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _sidecar.DisposeAsync();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_start_carries_name_input_and_id_and_no_time()
    {
        _sidecar.Answers[typeof(CreateInstanceRequest)] = request => new CreateInstanceResponse { InstanceId = ((CreateInstanceRequest)request).InstanceId };

        (await _client.ScheduleNewWorkflowAsync("Order", "order-1", new { Total = 3 })).ShouldBe("order-1");

        Only<CreateInstanceRequest>().ShouldBe(new CreateInstanceRequest { InstanceId = "order-1", Name = "Order", Input = """{"total":3}""" });
    }

    [Fact]
    public async Task An_id_is_made_up_where_none_is_given_and_nothing_is_an_empty_text()
    {
        _sidecar.Answers[typeof(CreateInstanceRequest)] = request => new CreateInstanceResponse { InstanceId = ((CreateInstanceRequest)request).InstanceId };

        var id = await _client.ScheduleNewWorkflowAsync("Order");

        Guid.TryParse(id, out _).ShouldBeTrue();
        Only<CreateInstanceRequest>().Input.ShouldBe("");
    }

    [Fact]
    public async Task A_start_may_wait_until_a_time_and_is_part_of_the_callers_trace()
    {
        using var activity = new Activity("caller").SetIdFormat(ActivityIdFormat.W3C).Start();
        await _client.ScheduleNewWorkflowAsync("Order", "order-1", null, new DateTimeOffset(2026, 3, 2, 13, 0, 0, TimeSpan.FromHours(1)), Token);
        await _client.ScheduleNewWorkflowAsync("Order", "order-1", null, Happened.Noon);

        var starts = _sidecar.Requests.OfType<CreateInstanceRequest>().ToList();
        starts.ShouldAllBe(start => start.ScheduledStartTimestamp.ToDateTime() == Happened.Noon);
        starts.ShouldAllBe(start => start.ParentTraceContext.TraceParent == activity.Id);
    }

    [Fact]
    public async Task A_state_is_read_with_its_texts()
    {
        _sidecar.Answers[typeof(GetInstanceRequest)] = _ => new GetInstanceResponse
        {
            Exists = true,
            WorkflowState = new()
            {
                Name = "Order",
                WorkflowStatus = OrchestrationStatus.Failed,
                CreatedTimestamp = Timestamp.FromDateTime(Happened.Noon),
                LastUpdatedTimestamp = Timestamp.FromDateTime(Happened.Noon.AddMinutes(1)),
                Input = "1",
                Output = "\"out\"",
                CustomStatus = "null",
                FailureDetails = new() { ErrorType = "System.TimeoutException", ErrorMessage = "late", StackTrace = "here" },
            },
        };

        var state = (await _client.GetWorkflowStateAsync("order-1", cancellation: Token))!;

        Only<GetInstanceRequest>().ShouldBe(new GetInstanceRequest { InstanceId = "order-1", GetInputsAndOutputs = true });
        (state.Exists, state.WorkflowName, state.RuntimeStatus, state.IsWorkflowCompleted, state.IsWorkflowRunning)
            .ShouldBe((true, "Order", WorkflowRuntimeStatus.Failed, true, false));
        (state.CreatedAt, state.LastUpdatedAt).ShouldBe((Happened.Noon, Happened.Noon.AddMinutes(1)));
        (state.ReadInputAs<int>(), state.ReadOutputAs<string>(), state.ReadCustomStatusAs<string>()).ShouldBe((1, "out", null));
        state.FailureDetails!.ToString().ShouldBe("System.TimeoutException: late");
        state.FailureDetails.StackTrace.ShouldBe("here");
    }

    [Theory]
    [InlineData(0, WorkflowRuntimeStatus.Running)]
    [InlineData(1, WorkflowRuntimeStatus.Completed)]
    [InlineData(2, WorkflowRuntimeStatus.ContinuedAsNew)]
    [InlineData(4, WorkflowRuntimeStatus.Canceled)]
    [InlineData(5, WorkflowRuntimeStatus.Terminated)]
    [InlineData(6, WorkflowRuntimeStatus.Pending)]
    [InlineData(7, WorkflowRuntimeStatus.Suspended)]
    [InlineData(8, WorkflowRuntimeStatus.Stalled)]
    [InlineData(77, WorkflowRuntimeStatus.Unknown)]
    public async Task Every_status_has_its_name(int status, WorkflowRuntimeStatus expected)
    {
        _sidecar.Answers[typeof(GetInstanceRequest)] = _ => new GetInstanceResponse { Exists = true, WorkflowState = new() { WorkflowStatus = (OrchestrationStatus)status } };

        (await _client.GetWorkflowStateAsync("order-1", false, Token))!.RuntimeStatus.ShouldBe(expected);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(StatusCode.Unknown)]
    [InlineData(StatusCode.NotFound)]
    public async Task A_missing_instance_is_a_state_that_does_not_exist_in_each_version_of_dapr(StatusCode? status)
    {
        _sidecar.Answers[typeof(GetInstanceRequest)] = _ =>
            status is { } code ? throw new RpcException(new Status(code, "failed: no such instance exists")) : new GetInstanceResponse();

        var state = (await _client.GetWorkflowStateAsync("order-1", cancellation: Token))!;

        (state.Exists, state.RuntimeStatus, state.IsWorkflowCompleted, state.CreatedAt).ShouldBe((false, WorkflowRuntimeStatus.Unknown, false, default));
        state.ReadOutputAs<string>().ShouldBeNull();
    }

    [Fact]
    public async Task Other_refusals_are_thrown()
    {
        _sidecar.Answers[typeof(GetInstanceRequest)] = _ => throw new RpcException(new Status(StatusCode.Internal, "no state store"));

        (await Should.ThrowAsync<RpcException>(_client.GetWorkflowStateAsync("order-1", cancellation: Token))).StatusCode.ShouldBe(StatusCode.Internal);
    }

    [Fact]
    public async Task Waiting_goes_on_while_the_sidecar_is_away_and_ends_with_the_callers_patience()
    {
        var calls = 0;
        _sidecar.Answers[typeof(GetInstanceRequest)] = _ => ++calls switch
        {
            1 => throw new RpcException(new Status(StatusCode.DeadlineExceeded, "")),
            2 => throw new RpcException(new Status(StatusCode.Unavailable, "")),
            _ => new GetInstanceResponse { Exists = true, WorkflowState = new() { WorkflowStatus = OrchestrationStatus.Completed } },
        };

        (await _client.WaitForWorkflowCompletionAsync("order-1", cancellation: Token)).IsWorkflowCompleted.ShouldBeTrue();
        (await _client.WaitForWorkflowStartAsync("order-1", false, Token)).Exists.ShouldBeTrue();

        calls.ShouldBe(4);
        await _sidecar.StopAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        await Should.ThrowAsync<OperationCanceledException>(_client.WaitForWorkflowCompletionAsync("order-1", cancellation: patience.Token));
    }

    [Fact]
    public async Task Instances_are_steered()
    {
        await _client.RaiseEventAsync("order-1", "Approved", new[] { 1 }, Token);
        await _client.RaiseEventAsync("order-1", "Approved", cancellation: Token);
        await _client.SuspendWorkflowAsync("order-1", "a reason", Token);
        await _client.ResumeWorkflowAsync("order-1", cancellation: Token);
        await _client.TerminateWorkflowAsync("order-1", "enough", Token);

        _sidecar.Requests.ShouldBe(
        [
            new RaiseEventRequest { InstanceId = "order-1", Name = "Approved", Input = "[1]" },
            new RaiseEventRequest { InstanceId = "order-1", Name = "Approved", Input = "" },
            new SuspendRequest { InstanceId = "order-1", Reason = "a reason" },
            new ResumeRequest { InstanceId = "order-1" },
            new TerminateRequest { InstanceId = "order-1", Output = "\"enough\"", Recursive = true },
        ]);
    }

    [Fact]
    public async Task Purging_says_whether_there_was_something()
    {
        _sidecar.Answers[typeof(PurgeInstancesRequest)] = _ => new PurgeInstancesResponse { DeletedInstanceCount = 2 };
        (await _client.PurgeInstanceAsync("order-1", Token)).ShouldBeTrue();
        Only<PurgeInstancesRequest>().ShouldBe(new PurgeInstancesRequest { InstanceId = "order-1", Recursive = true });

        _sidecar.Answers[typeof(PurgeInstancesRequest)] = _ => throw new RpcException(new Status(StatusCode.Unknown, "no such instance exists"));
        (await _client.PurgeInstanceAsync("order-1", Token)).ShouldBeFalse();

        _sidecar.Answers[typeof(PurgeInstancesRequest)] = _ => throw new RpcException(new Status(StatusCode.FailedPrecondition, "it has not ended"));
        await Should.ThrowAsync<RpcException>(_client.PurgeInstanceAsync("order-1", Token));
    }

    [Fact]
    public async Task Ids_are_listed_page_by_page()
    {
        _sidecar.Answers[typeof(ListInstanceIDsRequest)] = request => ((ListInstanceIDsRequest)request).HasContinuationToken
            ? new ListInstanceIDsResponse { InstanceIds = { "c" }, ContinuationToken = "" }
            : new ListInstanceIDsResponse { InstanceIds = { "a", "b" }, ContinuationToken = "next" };

        var first = await _client.ListInstanceIdsAsync(pageSize: 2, cancellation: Token);
        var second = await _client.ListInstanceIdsAsync(first.ContinuationToken, cancellation: Token);

        first.InstanceIds.ShouldBe(["a", "b"]);
        (second.InstanceIds.Single(), second.ContinuationToken).ShouldBe(("c", null));
        _sidecar.Requests.ShouldBe([new ListInstanceIDsRequest { PageSize = 2 }, new ListInstanceIDsRequest { ContinuationToken = "next" }]);
        await Should.ThrowAsync<ArgumentOutOfRangeException>(_client.ListInstanceIdsAsync(pageSize: 0, cancellation: Token));
    }

    [Fact]
    public async Task A_history_is_told_in_short()
    {
        _sidecar.Answers[typeof(GetInstanceHistoryRequest)] = _ => new GetInstanceHistoryResponse { Events = { Happened.TurnStarted(), Happened.ActivityScheduled(3, "A") } };

        (await _client.GetInstanceHistoryAsync("order-1", Token)).ShouldBe(
            [new WorkflowHistoryEvent(-1, "WorkflowStarted", Happened.Noon), new WorkflowHistoryEvent(3, "TaskScheduled", Happened.Noon)]);
    }

    [Fact]
    public async Task An_instance_is_run_again_from_a_step()
    {
        _sidecar.Answers[typeof(RerunWorkflowFromEventRequest)] = _ => new RerunWorkflowFromEventResponse { NewInstanceID = "order-2" };

        (await _client.RerunWorkflowFromEventAsync("order-1", 3, cancellation: Token)).ShouldBe("order-2");
        await _client.RerunWorkflowFromEventAsync("order-1", 3, new() { NewInstanceId = "order-2", Input = 7, OverwriteInput = true }, Token);

        _sidecar.Requests.ShouldBe(
        [
            new RerunWorkflowFromEventRequest { SourceInstanceID = "order-1", EventID = 3 },
            new RerunWorkflowFromEventRequest { SourceInstanceID = "order-1", EventID = 3, NewInstanceID = "order-2", Input = "7", OverwriteInput = true },
        ]);
    }

    [Fact]
    public async Task The_sidecars_token_is_sent()
    {
        _sidecar.Token = "secret";
        await using var trusted = new DaprWorkflowClientBuilder().UseGrpcEndpoint(_sidecar.Endpoint).UseDaprApiToken("secret").Build();

        await trusted.RaiseEventAsync("order-1", "e", cancellation: Token);

        (await Should.ThrowAsync<RpcException>(_client.RaiseEventAsync("order-1", "e", cancellation: Token))).StatusCode.ShouldBe(StatusCode.Unauthenticated);
    }

    [Theory]
    [InlineData("http://10.0.0.1:1234", "50002", "http://10.0.0.1:1234/")]
    [InlineData("sidecar:1234", null, "http://sidecar:1234/")]
    [InlineData("https://dapr.example", null, "https://dapr.example/")]
    [InlineData(null, "50002", "http://127.0.0.1:50002/")]
    [InlineData("", "", "http://127.0.0.1:50001/")]
    public void The_sidecar_is_found_by_configuration(string? endpoint, string? port, string expected)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["DAPR_GRPC_ENDPOINT"] = endpoint, ["DAPR_GRPC_PORT"] = port }).Build();

        TaskHubChannel.SettingsOf(configuration).Endpoint.ToString().ShouldBe(expected);
    }

    [Theory]
    [InlineData("ftp://sidecar")]
    [InlineData("http://")]
    public void An_address_that_is_none_is_refused(string endpoint) => Should.Throw<InvalidOperationException>(() => TaskHubChannel.EndpointOf(endpoint));

    [Fact]
    public async Task Registrations_add_up_and_share_one_client()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddDaprWorkflow(options => options.RegisterActivity<string, string>("A", (_, _) => Task.FromResult("")));
        services.AddDaprWorkflow(options => options.RegisterWorkflow<string, string>("W", (_, _) => Task.FromResult("")));
        services.AddDaprWorkflow();
        await using var provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });

        provider.GetServices<Microsoft.Extensions.Hosting.IHostedService>().Count().ShouldBe(1);
        provider.GetRequiredService<IDaprWorkflowClient>().ShouldBeSameAs(provider.GetRequiredService<DaprWorkflowClient>());
        var registry = provider.GetRequiredService<Microsoft.Extensions.Options.IOptions<WorkflowRuntimeOptions>>().Value.Registry;
        registry.MakeActivity("a", provider).ShouldNotBeNull();
        registry.MakeWorkflow("w", provider).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_client_may_be_made_by_a_builder_with_other_json_and_other_bounds()
    {
        var services = new ServiceCollection();
        services.AddDaprWorkflowBuilder(null, (_, builder) => builder.UseGrpcEndpoint(_sidecar.Endpoint), ServiceLifetime.Scoped)
            .WithJsonSerializer(System.Text.Json.JsonSerializerOptions.Default)
            .WithGrpcMessageSizeLimits(1, 16);
        await using var provider = services.BuildServiceProvider();
        await using var scope = provider.CreateAsyncScope();

        await scope.ServiceProvider.GetRequiredService<DaprWorkflowClient>().RaiseEventAsync("order-1", "e", new { Total = 1 }, Token);

        Only<RaiseEventRequest>().Input.ShouldBe("""{"Total":1}""");
        provider.GetRequiredService<TaskHubChannel>().MaxSendMessageSize.ShouldBe(16);
    }

    private T Only<T>() => _sidecar.Requests.OfType<T>().ShouldHaveSingleItem();
}
