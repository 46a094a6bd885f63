using Grpc.Core;
using Grpc.Net.Client;
using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Up;
using KestrelVoice.TaskHub;

namespace KestrelVoice.Cli.Workflows;

/// <summary>The workflows of the API app, asked of its sidecar, whichever kind that is.</summary>
internal sealed class WorkflowHub : IDisposable
{
    private const int AtOnce = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly GrpcChannel channel;
    private readonly TaskHubSidecarService.TaskHubSidecarServiceClient client;
    private readonly Metadata headers;
    private readonly TimeProvider clock;

    public WorkflowHub(int port, string token, TimeProvider clock)
    {
        // Histories may be larger than what a client takes unasked.
        channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}", new GrpcChannelOptions { MaxReceiveMessageSize = null });
        client = new TaskHubSidecarService.TaskHubSidecarServiceClient(channel);
        headers = new Metadata { { "dapr-api-token", token } };
        this.clock = clock;
    }

    /// <summary>That of the run of this home.</summary>
    public static async Task<WorkflowHub> OfRunAsync(KestrelHome home, CancellationToken cancellationToken)
    {
        if (RunRecord.Read(home) is not { } record || !await RunLock.IsHeldAsync(home, cancellationToken))
            throw new KestrelException("KestrelVoice is not up. Start it first: ./kestrel up");
        return new WorkflowHub(new PortPlan(record.PortBase).HostSidecarGrpc, Secrets.ReadOrCreate(home).DaprApiToken, TimeProvider.System);
    }

    /// <summary>Every instance, the youngest first.</summary>
    public async Task<IReadOnlyList<WorkflowState>> ListAsync(CancellationToken cancellationToken)
    {
        var found = new List<WorkflowState>();
        var request = new ListInstanceIDsRequest();
        while (true)
        {
            var page = await AskAsync(options => client.ListInstanceIDsAsync(request, options), cancellationToken);
            foreach (var ids in page.InstanceIds.Chunk(AtOnce))
                found.AddRange((await Task.WhenAll(ids.Select(id => FindAsync(id, withPayloads: false, cancellationToken)))).OfType<WorkflowState>());
            if (!page.HasContinuationToken || page.ContinuationToken.Length == 0)
                return [.. found.OrderByDescending(workflow => workflow.CreatedTimestamp.ToDateTimeOffset())];
            request.ContinuationToken = page.ContinuationToken;
        }
    }

    public async Task<WorkflowState?> FindAsync(string id, bool withPayloads, CancellationToken cancellationToken)
    {
        var request = new GetInstanceRequest { InstanceId = id, GetInputsAndOutputs = withPayloads };
        var response = await AskAsync(options => client.GetInstanceAsync(request, options), cancellationToken);
        return response.Exists ? response.WorkflowState : null;
    }

    public async Task<IReadOnlyList<HistoryEvent>> HistoryAsync(string id, CancellationToken cancellationToken) =>
        (await AskAsync(options => client.GetInstanceHistoryAsync(new GetInstanceHistoryRequest { InstanceId = id }, options), cancellationToken)).Events;

    /// <summary>Ends an instance and its children; returns once its worker has taken note.</summary>
    public Task TerminateAsync(string id, CancellationToken cancellationToken) =>
        AskAsync(options => client.TerminateInstanceAsync(new TerminateRequest { InstanceId = id, Recursive = true }, options), cancellationToken);

    /// <summary>Removes an instance that has ended, and its children.</summary>
    /// <returns>How many were removed.</returns>
    public async Task<int> PurgeAsync(string id, bool force, CancellationToken cancellationToken)
    {
        var request = new PurgeInstancesRequest { InstanceId = id, Recursive = true, Force = force };
        return (await AskAsync(options => client.PurgeInstancesAsync(request, options), cancellationToken)).DeletedInstanceCount;
    }

    public void Dispose() => channel.Dispose();

    private async Task<T> AskAsync<T>(Func<CallOptions, AsyncUnaryCall<T>> ask, CancellationToken cancellationToken)
    {
        try
        {
            using var call = ask(new CallOptions(headers, (clock.GetUtcNow() + Patience).UtcDateTime, cancellationToken));
            return await call;
        }
        catch (RpcException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (RpcException problem) when (problem.StatusCode == StatusCode.DeadlineExceeded)
        {
            throw new KestrelException($"Nothing came of it within {Patience.TotalSeconds} s: is the API app up? ./kestrel status", problem);
        }
        catch (RpcException problem)
        {
            throw new KestrelException($"The sidecar refuses: {problem.Status.Detail}", problem);
        }
    }
}
