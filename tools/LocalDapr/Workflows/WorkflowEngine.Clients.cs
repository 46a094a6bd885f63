using System.Text.RegularExpressions;
using KestrelVoice.TaskHub;

namespace KestrelVoice.LocalDapr.Workflows;

/// <summary>What clients ask of workflows.</summary>
internal sealed partial class WorkflowEngine
{
    /// <summary>Begins an instance; returns once that is on disk.</summary>
    public async Task CreateAsync(string id, ExecutionStartedEvent started)
    {
        if (!GoodId().IsMatch(id))
            throw WorkflowRefusals.BadId(id);
        Follow(await _store.CreateAsync(id, started));
    }

    /// <summary>Runs an instance that has ended once more, from one of its actions on.</summary>
    /// <returns>The id of the new instance.</returns>
    public async Task<string> RerunAsync(RerunWorkflowFromEventRequest request)
    {
        var id = request.HasNewInstanceID ? request.NewInstanceID : Guid.CreateVersion7(_clock.GetUtcNow()).ToString();
        if (!GoodId().IsMatch(id))
            throw WorkflowRefusals.BadId(id);
        Follow(await _store.RerunAsync(request, id));
        return id;
    }

    public WorkflowRow? Find(string id) => _store.Find(id);

    public List<string> Ids(string after, int limit) => _store.Ids(after, limit);

    public List<HistoryEvent> History(string id) => _store.History(id) ?? throw WorkflowRefusals.NoHistory(id);

    /// <summary>Waits until the instance exists and is as asked for.</summary>
    public async Task<WorkflowRow> WaitAsync(string id, Predicate<WorkflowRow> until, CancellationToken cancellationToken)
    {
        WorkflowRow? found = null;
        await WaitForAsync(id, () => (found = _store.Find(id)) is not null && until(found), cancellationToken);
        return found!;
    }

    /// <summary>Sends an event to an instance; returns once it is on disk. Nothing comes of it when the instance has ended.</summary>
    public Task SendAsync(string id, HistoryEvent happened) => PostAsync(id, happened);

    /// <summary>Sends an event to an instance and waits until a turn has dealt with it.</summary>
    public async Task SendAndWaitAsync(string id, HistoryEvent happened, CancellationToken cancellationToken)
    {
        if (await PostAsync(id, happened) is { } inbox)
            await WaitForAsync(id, () => !_store.IsQueued(inbox), cancellationToken);
    }

    public async Task<int> PurgeAsync(string id, bool recursive, bool force)
    {
        var (count, after) = await _store.PurgeAsync(id, recursive, force);
        Follow(after);
        return count;
    }

    public async Task<int> PurgeAsync(PurgeInstanceFilter filter, bool recursive)
    {
        var (count, after) = await _store.PurgeAsync(filter, recursive);
        Follow(after);
        return count;
    }

    private async Task<long?> PostAsync(string id, HistoryEvent happened)
    {
        var (inbox, after) = await _store.SendAsync(id, happened);
        Follow(after);
        return inbox;
    }

    private async Task WaitForAsync(string id, Func<bool> condition, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
        using var news = _news.Follow(id);
        while (true)
        {
            var next = news.Next();
            if (condition())
                return;
            try
            {
                await next.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                throw WorkflowRefusals.Stopping();
            }
        }
    }

    [GeneratedRegex(@"^(?!.*(::|\|\|))[^/\\#?\p{C}]{1,1024}$")]
    private static partial Regex GoodId();
}
