using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Dapr.Client.Autogen.Grpc.v1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using KestrelVoice.LocalDapr.Tests.Harness;
using KestrelVoice.TaskHub;

namespace KestrelVoice.LocalDapr.Tests.Workflows;

/// <summary>Workflows managed by those who have no workflow SDK.</summary>
public sealed class ManagementTests : WorkflowTest
{
    [Theory]
    [InlineData("v1.0")]
    [InlineData("v1.0-beta1")]
    [InlineData("v1.0-alpha1")]
    public async Task Over_http_a_workflow_lives_and_dies(string version)
    {
        using var http = Run.Http("host");
        var root = $"/{version}/workflows/dapr";
        using var started = await http.PostAsync($"{root}/Work/start?instanceID=one", new StringContent("{\"n\":1}"), Cancel);
        ((int)started.StatusCode, await started.Content.ReadAsStringAsync(Cancel)).ShouldBe((202, """{"instanceID":"one"}"""));
        (await Hub.NextTurnAsync()).NewEvents[1].ExecutionStarted.Input.ShouldBe("{\"n\":1}");
        await Hub.Client.CompleteWorkflowTaskAsync(new WorkflowResponse { InstanceId = "one", CustomStatus = "\"busy\"" }, Hub.Options);

        await AcceptAsync("one/pause");
        await TurnAsync(happened => happened.ExecutionSuspended is not null);
        (await ReadAsync()).GetProperty("runtimeStatus").GetString().ShouldBe("SUSPENDED");
        await AcceptAsync("one/resume");
        await TurnAsync(happened => happened.ExecutionResumed is not null);
        await AcceptAsync("one/raiseEvent/go", "{\"x\":2}");
        await TurnAsync(happened => happened.EventRaised is { Name: "go", Input: "{\"x\":2}" });
        await AcceptAsync("one/terminate");
        await TurnAsync(happened => happened.ExecutionTerminated is { Recurse: true });
        await Hub.CompletedAsync("one");

        var state = await ReadAsync();
        state.GetProperty("instanceID").GetString().ShouldBe("one");
        state.GetProperty("workflowName").GetString().ShouldBe("Work");
        state.GetProperty("runtimeStatus").GetString().ShouldBe("TERMINATED");
        state.GetProperty("createdAt").GetDateTimeOffset().ShouldBe(Clock.GetUtcNow());
        state.GetProperty("properties").GetProperty("dapr.workflow.input").GetString().ShouldBe("{\"n\":1}");
        state.GetProperty("properties").TryGetProperty("dapr.workflow.output", out _).ShouldBeFalse();
        await AcceptAsync("one/purge");
        using var gone = await http.GetAsync($"{root}/one", Cancel);
        await ShouldRefuseAsync(gone, 404, "ERR_INSTANCE_ID_NOT_FOUND");

        async Task<JsonElement> ReadAsync() => await http.GetFromJsonAsync<JsonElement>($"{root}/one", Cancel);

        async Task AcceptAsync(string path, string body = "")
        {
            using var response = await http.PostAsync($"{root}/{path}", new StringContent(body), Cancel);
            ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Cancel)).ShouldBe((202, ""));
        }

        async Task TurnAsync(Func<HistoryEvent, bool> expected)
        {
            (await Hub.NextTurnAsync()).NewEvents.Count(expected).ShouldBe(1);
            await Hub.AnswerAsync("one");
        }
    }

    [Theory]
    [InlineData("dapr/Work/start?instanceID=a%20b", 400, "ERR_INSTANCE_ID_INVALID")]
    [InlineData("dapr/Work/start?instanceID=01234567890123456789012345678901234567890123456789012345678901234", 400, "ERR_INSTANCE_ID_TOO_LONG")]
    [InlineData("dapr/Work/start?instanceID=taken", 500, "ERR_START_WORKFLOW")]
    [InlineData("dapr/none/raiseEvent/e", 500, "ERR_RAISE_EVENT_WORKFLOW")]
    [InlineData("dapr/none/pause", 500, "ERR_PAUSE_WORKFLOW")]
    [InlineData("dapr/none/resume", 500, "ERR_RESUME_WORKFLOW")]
    [InlineData("dapr/none/terminate", 500, "ERR_TERMINATE_WORKFLOW")]
    [InlineData("dapr/none/purge", 500, "ERR_PURGE_WORKFLOW")]
    [InlineData("dapr/taken/purge", 500, "ERR_PURGE_WORKFLOW")]
    public async Task Over_http_a_mistake_has_a_code(string path, int status, string code)
    {
        await Hub.StartAsync("taken");
        using var http = Run.Http("host");

        using var response = await http.PostAsync("/v1.0/workflows/" + path, new StringContent("broken \0 {"), Cancel);

        await ShouldRefuseAsync(response, status, code);
    }

    [Theory]
    [InlineData("Beta1")]
    [InlineData("Alpha1")]
    public async Task Over_grpc_a_workflow_lives_and_dies(string version)
    {
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{Run.GrpcPort("host")}");
        var start = new StartWorkflowRequest
        {
            InstanceId = "one",
            WorkflowComponent = "dapr",
            WorkflowName = "Work",
            Input = ByteString.CopyFromUtf8("7"),
            Options = { ["dapr.workflow.start_time"] = "2026-03-01T12:00:10Z" },
        };

        (await CallAsync<StartWorkflowRequest, StartWorkflowResponse>("StartWorkflow", start)).InstanceId.ShouldBe("one");
        (await GetAsync()).RuntimeStatus.ShouldBe("PENDING");
        Clock.Advance(TimeSpan.FromSeconds(10));
        (await Hub.NextTurnAsync()).NewEvents[1].ExecutionStarted.Input.ShouldBe("7");
        await Hub.AnswerAsync("one");
        await CallAsync<PauseWorkflowRequest, Empty>("PauseWorkflow", new PauseWorkflowRequest { InstanceId = "one" });
        (await Hub.NextTurnAsync()).NewEvents[1].ExecutionSuspended.ShouldNotBeNull();
        await Hub.AnswerAsync("one");
        await CallAsync<ResumeWorkflowRequest, Empty>("ResumeWorkflow", new ResumeWorkflowRequest { InstanceId = "one" });
        (await Hub.NextTurnAsync()).NewEvents[1].ExecutionResumed.ShouldNotBeNull();
        await Hub.AnswerAsync("one");
        await CallAsync<RaiseEventWorkflowRequest, Empty>(
            "RaiseEventWorkflow", new RaiseEventWorkflowRequest { InstanceId = "one", EventName = "go", EventData = ByteString.CopyFromUtf8("8") });
        (await Hub.NextTurnAsync()).NewEvents[1].EventRaised.Input.ShouldBe("8");
        await Hub.AnswerAsync("one", Actions.Fail("Broken", "by design"));
        await Hub.CompletedAsync("one");
        await CallAsync<TerminateWorkflowRequest, Empty>("TerminateWorkflow", new TerminateWorkflowRequest { InstanceId = "one" });

        var failed = await GetAsync();
        (failed.RuntimeStatus, failed.WorkflowName).ShouldBe(("FAILED", "Work"));
        failed.Properties["dapr.workflow.failure.error_type"].ShouldBe("Broken");
        failed.Properties["dapr.workflow.failure.error_message"].ShouldBe("by design");
        await CallAsync<PurgeWorkflowRequest, Empty>("PurgeWorkflow", new PurgeWorkflowRequest { InstanceId = "one" });
        var missing = await GetAsync();
        (missing.InstanceId, missing.WorkflowName, missing.RuntimeStatus).ShouldBe(("one", "", ""));
        var pause = await Should.ThrowAsync<RpcException>(() => CallAsync<PauseWorkflowRequest, Empty>("PauseWorkflow", new PauseWorkflowRequest { InstanceId = "one" }));
        (pause.StatusCode, pause.Status.Detail).ShouldBe((StatusCode.Internal, "error pausing workflow one: no such instance exists"));
        var nameless = await Should.ThrowAsync<RpcException>(() => CallAsync<StartWorkflowRequest, StartWorkflowResponse>("StartWorkflow", new StartWorkflowRequest()));
        nameless.StatusCode.ShouldBe(StatusCode.InvalidArgument);

        Task<GetWorkflowResponse> GetAsync() =>
            CallAsync<GetWorkflowRequest, GetWorkflowResponse>("GetWorkflow", new GetWorkflowRequest { InstanceId = "one", WorkflowComponent = "dapr" });

        async Task<TResponse> CallAsync<TRequest, TResponse>(string name, TRequest request)
            where TRequest : class, IMessage<TRequest>
            where TResponse : class, IMessage<TResponse>, new()
        {
            var method = new Method<TRequest, TResponse>(
                MethodType.Unary, "dapr.proto.runtime.v1.Dapr", name + version,
                Marshallers.Create<TRequest>(message => message.ToByteArray(), _ => throw new NotSupportedException()),
                Marshallers.Create(_ => throw new NotSupportedException(), bytes => new MessageParser<TResponse>(() => new TResponse()).ParseFrom(bytes)));
            return await channel.CreateCallInvoker().AsyncUnaryCall(method, null, Hub.Options, request);
        }
    }

    [Fact]
    public async Task Metadata_counts_the_workers()
    {
        await using var second = await TaskHubLink.ConnectAsync(Run);
        using var http = Run.Http("host");

        await Poll.Until(async () => await CountAsync() == 2, () => "two workers");
        await second.LeaveAsync();
        await Poll.Until(async () => await CountAsync() == 1, () => "one worker");
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{Run.GrpcPort("host")}");
        var metadata = await new Dapr.Client.Autogen.Grpc.v1.Dapr.DaprClient(channel).GetMetadataAsync(new GetMetadataRequest(), Hub.Options);
        metadata.Workflows.ConnectedWorkers.ShouldBe(1);

        async Task<int> CountAsync() => (await http.GetFromJsonAsync<JsonElement>("/v1.0/metadata", Cancel)).GetProperty("workflows").GetProperty("connectedWorkers").GetInt32();
    }

    [Fact]
    public async Task Without_a_store_for_actors_there_are_no_workflows()
    {
        await using var run = await new DaprRun().WithStateStore("statestore").WithApp("host").StartAsync();
        await using var hub = new TaskHubLink(run.GrpcPort("host"));
        using var http = run.Http("host");

        var start = await Should.ThrowAsync<RpcException>(() => hub.StartAsync("one"));
        (start.StatusCode, start.Status.Detail).ShouldBe((StatusCode.Internal, start.Status.Detail));
        start.Status.Detail.ShouldContain("the state store is not configured to use the actor runtime");
        using var overHttp = await http.PostAsync("/v1.0/workflows/dapr/Work/start", null, Cancel);
        await ShouldRefuseAsync(overHttp, 500, "ERR_START_WORKFLOW");
        await hub.ConnectAsync();
        (await Should.ThrowAsync<RpcException>(hub.NextAsync)).StatusCode.ShouldBe(StatusCode.Internal);
    }

    [Fact]
    public async Task The_task_hub_needs_the_token_and_says_what_it_does_not_know()
    {
        await using var run = await new DaprRun().WithEnvironment("DAPR_API_TOKEN", "secret").WithApp("host").StartAsync();
        await using var anonymous = new TaskHubLink(run.GrpcPort("host"));
        await using var known = new TaskHubLink(run.GrpcPort("host"), "secret");
        await known.ConnectAsync();
        await known.StartAsync("one");
        await known.NextTurnAsync();

        (await Should.ThrowAsync<RpcException>(async () => await anonymous.Client.HelloAsync(new(), anonymous.Options))).StatusCode.ShouldBe(StatusCode.Unauthenticated);
        (await Should.ThrowAsync<RpcException>(() => anonymous.StartAsync("two"))).StatusCode.ShouldBe(StatusCode.Unauthenticated);
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{run.GrpcPort("host")}");
        var bytes = Marshallers.Create<byte[]>(raw => raw, raw => raw);
        var unknown = new Method<byte[], byte[]>(MethodType.Unary, "TaskHubSidecarService", "RewindInstance", bytes, bytes);
        var call = channel.CreateCallInvoker().AsyncUnaryCall(unknown, null, known.Options, []);
        (await Should.ThrowAsync<RpcException>(async () => await call)).StatusCode.ShouldBe(StatusCode.Unimplemented);
    }

    private static async Task ShouldRefuseAsync(HttpResponseMessage response, int status, string code)
    {
        var body = await response.Content.ReadAsStringAsync(Cancel);
        ((int)response.StatusCode).ShouldBe(status, body);
        JsonDocument.Parse(Encoding.UTF8.GetBytes(body)).RootElement.GetProperty("errorCode").GetString().ShouldBe(code);
    }
}
