using System.Threading.Channels;
using Dapr.Workflow;
using Dapr.Workflow.Registration;
using Grpc.Core;
using KestrelVoice.Workflow.Tests.Harness;

namespace KestrelVoice.Workflow.Tests.Plans;

/// <summary>Random plans over the wire, while whoever takes part in them is killed. There is no killing of a daprd that runs for others too.</summary>
public sealed class KillTests
{
    private const int Kills = 10;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Sidecars_and_workers_that_are_killed_at_each_step_change_nothing(int seed)
    {
        Assert.SkipWhen(SidecarRun.IsReal, "Only a LocalDapr of one's own may be killed.");
        var random = new Random(seed);
        // Long enough to be interrupted, and not for minutes.
        var plan = Enumerable.Range(0, 1_000).Select(_ => Plan.Of([.. Enumerable.Range(0, 40).Select(_ => random.Next(10_000))]))
            .First(plan => plan.Attempts.Values.Sum() is > Kills and < 2 * Kills);
        await using var sidecar = await SidecarRun.StartKillableAsync();
        await using var client = new DaprWorkflowClientBuilder().UseGrpcEndpoint(sidecar.Endpoint).Build();

        var (undisturbed, calm) = await CarryOutAsync(sidecar, client, plan, "calm", random, kills: 0);
        var (disturbed, wild) = await CarryOutAsync(sidecar, client, plan, "wild", random, Kills);

        undisturbed.ShouldBe(plan.Expected, plan.ToString());
        disturbed.ShouldBe(undisturbed, plan.ToString());
        calm.ShouldBe(plan.Attempts, ignoreOrder: true);
        wild.ShouldBe(plan.Attempts, ignoreOrder: true);
    }

    private static async Task<(string? Result, IReadOnlyDictionary<string, int> Attempts)> CarryOutAsync(
        SidecarRun sidecar, DaprWorkflowClient client, Plan plan, string id, Random random, int kills)
    {
        var activities = Channel.CreateUnbounded<TaskCompletionSource>();
        var world = new PlanWorld
        {
            OnActivity = () =>
            {
                var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return activities.Writer.TryWrite(held) ? held.Task : Task.CompletedTask;
            },
        };
        var worker = await StartWorkerAsync(sidecar, world);
        try
        {
            await InsistAsync(() => client.ScheduleNewWorkflowAsync(PlanWorld.Workflow, id, plan, DateTimeOffset.UnixEpoch, Token));
            var raising = RaiseAsync(client, plan, id);
            for (var kill = 0; kill < kills; kill++)
            {
                var held = await Poll.Within(activities.Reader.ReadAsync(Token), $"step {kill} of {plan}\n{sidecar.Output}");
                // Every other time it is done and perhaps told, else it is in the middle.
                if (kill % 4 > 1)
                {
                    held.SetResult();
                    await Task.Delay(random.Next(20), Token);
                }
                if (kill % 2 == 0)
                {
                    await sidecar.KillAndRestartAsync();
                }
                else
                {
                    await worker.DisposeAsync();
                    worker = await StartWorkerAsync(sidecar, world);
                }
                held.TrySetResult();
            }
            activities.Writer.Complete();
            await foreach (var held in activities.Reader.ReadAllAsync(Token))
                held.SetResult();
            await raising;
            return (await Poll.Within(EndAsync(client, id), $"the end of {id}: {plan}\n{sidecar.Output}"), world.Attempts);
        }
        finally
        {
            await worker.DisposeAsync();
        }
    }

    // A worker that waits for nothing when it stops leaves as one that is killed does, but for its memory.
    private static Task<TestWorker> StartWorkerAsync(SidecarRun sidecar, PlanWorld world) => TestWorker.StartAsync(sidecar.Endpoint, options =>
    {
        options.DrainTimeout = TimeSpan.Zero;
        world.Register(options);
    });

    // An event that is raised twice waits in vain the second time: each has a name of its own.
    private static async Task RaiseAsync(DaprWorkflowClient client, Plan plan, string id)
    {
        foreach (var name in plan.Events)
            await InsistAsync(() => client.RaiseEventAsync(id, name, name, Token));
    }

    private static async Task<string?> EndAsync(DaprWorkflowClient client, string id)
    {
        WorkflowState? state = null;
        await InsistAsync(async () => state = await client.WaitForWorkflowCompletionAsync(id, cancellation: Token));
        return state!.RuntimeStatus is WorkflowRuntimeStatus.Completed ? state.ReadOutputAs<string>() : $"{state.RuntimeStatus} {state.FailureDetails}";
    }

    private static async Task InsistAsync(Func<Task> call)
    {
        while (true)
        {
            try
            {
                await call();
                return;
            }
            catch (RpcException failure) when (failure.StatusCode is StatusCode.AlreadyExists)
            {
                return;
            }
            catch (Exception failure) when (failure is RpcException { StatusCode: StatusCode.Unavailable or StatusCode.Internal or StatusCode.Cancelled }
                || (failure is OperationCanceledException && !Token.IsCancellationRequested))
            {
                await Task.Delay(50, Token);
            }
        }
    }
}
