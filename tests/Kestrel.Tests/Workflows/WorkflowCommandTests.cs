using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using KestrelVoice.Cli;
using KestrelVoice.Cli.Commands;
using KestrelVoice.Cli.Output;
using KestrelVoice.Cli.Workflows;
using KestrelVoice.LocalDapr;
using KestrelVoice.TaskHub;
using Microsoft.Extensions.Time.Testing;
using Spectre.Console;

namespace KestrelVoice.Kestrel.Tests.Workflows;

/// <summary>The workflow commands on a sidecar, with a worker that does what the test says.</summary>
public sealed class WorkflowCommandTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    private readonly TempFolder folder = new();
    private readonly FakeTimeProvider clock = new(Noon);
    private readonly StringWriter screen = new();
    private LocalDaprHost sidecar = null!;
    private GrpcChannel channel = null!;
    private TaskHubSidecarService.TaskHubSidecarServiceClient worker = null!;
    private AsyncServerStreamingCall<WorkItem> work = null!;
    private WorkflowHub hub = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Terminal Terminal => Terminal.For(new AnsiConsoleOutput(screen), plain: true);

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "dapr.yaml"),
            $"version: 1\napps: [ {{ appID: host, appDirPath: ., resourcesPaths: [ . ], daprHTTPPort: {Ports.Take()}, daprGRPCPort: {Ports.Take()} }} ]\n", Token);
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "statestore.yaml"),
            """
            apiVersion: dapr.io/v1alpha1
            kind: Component
            metadata: { name: statestore }
            spec: { type: state.sqlite, version: v1, metadata: [ { name: actorStateStore, value: "true" } ] }
            """, Token);
        var options = new LocalDaprOptions(folder.Path, Path.Combine(folder.Path, "dapr.db"))
        {
            Clock = clock,
            Environment = new Dictionary<string, string> { ["DAPR_API_TOKEN"] = "secret" },
            LogDirectory = Path.Combine(folder.Path, "logs"),
        };
        sidecar = await LocalDaprHost.StartAsync(options, TextWriter.Null, Token);
        channel = GrpcChannel.ForAddress($"http://127.0.0.1:{sidecar.Sidecars[0].GrpcPort}");
        worker = new TaskHubSidecarService.TaskHubSidecarServiceClient(channel);
        work = worker.GetWorkItems(new GetWorkItemsRequest(), Options);
        // The client keeps to the time of the wall: deadlines are told to the server as what is left of them.
        hub = new WorkflowHub(sidecar.Sidecars[0].GrpcPort, "secret", TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        work.Dispose();
        channel.Dispose();
        hub.Dispose();
        await sidecar.DisposeAsync();
        await screen.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public async Task The_list_tells_the_youngest_first_and_how_many_more_there_are()
    {
        await StartAsync("webhook-1", "RetryWebhookWorkflow");
        clock.Advance(TimeSpan.FromHours(3));
        await StartAsync("webhook-2", "RetryWebhookWorkflow");
        await AnswerAsync("webhook-2", Complete("1"));
        clock.Advance(TimeSpan.FromSeconds(30));
        await StartAsync("summary-1", "SummariseCall");

        WorkflowCommand.Print(Terminal, await hub.ListAsync(Token), lines: 2, clock.GetUtcNow());

        var lines = screen.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe(4);
        lines[1].ShouldMatch("^ ?summary-1 +SummariseCall +pending +0 s");
        lines[2].ShouldMatch("^ ?webhook-2 +RetryWebhookWorkflow +completed +30 s");
        lines[3].ShouldBe("and 1 more; --lines shows them");
    }

    [Fact]
    public async Task Nothing_is_shown_as_nothing()
    {
        WorkflowCommand.Print(Terminal, await hub.ListAsync(Token), lines: 2, clock.GetUtcNow());

        screen.ToString().Trim().ShouldBe("No workflows.");
    }

    [Fact]
    public async Task A_workflow_is_told_in_the_order_of_time()
    {
        await StartAsync("webhook-1", "RetryWebhookWorkflow", "{\"message\":\"[a]\u001b[31m\"}");
        await AnswerAsync(
            "webhook-1",
            new WorkflowAction { Id = 0, ScheduleTask = new ScheduleTaskAction { Name = "AttemptWebhook", Input = new string('x', 500) } },
            new WorkflowAction { Id = 1, CreateTimer = new CreateTimerAction { FireAt = Noon.AddHours(1).ToTimestamp(), ExternalEvent = new TimerOriginExternalEvent { Name = "cancel" } } });
        await NextAsync();
        var failure = new TaskFailureDetails { ErrorType = "Refused", ErrorMessage = "410\ngone" };
        await worker.CompleteActivityTaskAsync(new ActivityResponse { InstanceId = "webhook-1", TaskId = 0, FailureDetails = failure }, Options);
        await AnswerAsync("webhook-1");
        clock.Advance(TimeSpan.FromHours(1));
        await AnswerAsync("webhook-1", Complete("\"exhausted\""));

        var found = await hub.FindAsync("webhook-1", withPayloads: true, Token);
        WorkflowCommand.Print(Terminal, found.ShouldNotBeNull(), await hub.HistoryAsync("webhook-1", Token));

        screen.ToString().ReplaceLineEndings("\n").TrimEnd().ShouldBe(
            $$"""
            webhook-1 (RetryWebhookWorkflow) is completed
              created  2026-03-04 12:00:00.000Z
              changed  2026-03-04 13:00:00.000Z
              input    {"message":"[a] [31m"}
              output   "exhausted"

            2026-03-04 12:00:00.000Z  RetryWebhookWorkflow started: {"message":"[a] [31m"}
            2026-03-04 12:00:00.000Z  #0 activity AttemptWebhook scheduled: {{new string('x', 160)}}… (500 characters)
            2026-03-04 12:00:00.000Z  #1 timer set for 2026-03-04 13:00:00.000Z, the patience for event cancel
            2026-03-04 12:00:00.000Z  #0 activity failed: Refused: 410 gone
            2026-03-04 13:00:00.000Z  #1 timer fired
            2026-03-04 13:00:00.000Z  completed: "exhausted"
            """);
    }

    [Fact]
    public async Task A_workflow_is_ended_and_removed()
    {
        await StartAsync("one", "Work");
        await NextAsync();
        var refused = await Should.ThrowAsync<KestrelException>(() => hub.PurgeAsync("one", force: false, Token));
        var terminating = hub.TerminateAsync("one", Token);
        await worker.CompleteWorkflowTaskAsync(new WorkflowResponse { InstanceId = "one" }, Options);
        await AnswerAsync("one");
        await terminating;

        (await hub.PurgeAsync("one", force: false, Token)).ShouldBe(1);
        (await hub.FindAsync("one", withPayloads: false, Token)).ShouldBeNull();
        refused.Message.ShouldContain("has not yet completed");
        (await Should.ThrowAsync<KestrelException>(() => hub.TerminateAsync("one", Token))).Message.ShouldContain("no such instance exists");
    }

    private static CallOptions Options => new(new Metadata { { "dapr-api-token", "secret" } }, cancellationToken: Token);

    private static WorkflowAction Complete(string result) => new() { Id = -1, CompleteWorkflow = new CompleteWorkflowAction { WorkflowStatus = OrchestrationStatus.Completed, Result = result } };

    private async Task StartAsync(string id, string name, string? input = null) => await worker.StartInstanceAsync(
        new CreateInstanceRequest { InstanceId = id, Name = name, Input = input, ScheduledStartTimestamp = new Timestamp() }, Options);

    private async Task<WorkItem> NextAsync()
    {
        (await work.ResponseStream.MoveNext(Token)).ShouldBeTrue();
        return work.ResponseStream.Current;
    }

    private async Task AnswerAsync(string id, params WorkflowAction[] actions)
    {
        WorkItem item;
        do
        {
            item = await NextAsync();
        }
        while (item.WorkflowRequest?.InstanceId != id);
        await worker.CompleteWorkflowTaskAsync(new WorkflowResponse { InstanceId = id, Actions = { actions } }, Options);
    }
}
