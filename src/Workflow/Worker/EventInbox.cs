using KestrelVoice.TaskHub;

namespace Dapr.Workflow.Worker;

/// <summary>Events from outside, and who waits for them: by name whatever its case, first come first served on both sides.</summary>
internal sealed class EventInbox
{
    private readonly List<HistoryEvent> _unclaimed = [];
    private readonly List<Waiter> _waiters = [];

    public IReadOnlyList<HistoryEvent> Unclaimed => _unclaimed;

    public bool HasWaiters => _waiters.Count > 0;

    public void Deliver(HistoryEvent raised)
    {
        var index = _waiters.FindIndex(waiter => waiter.WaitsFor(raised));
        if (index < 0)
        {
            _unclaimed.Add(raised);
            return;
        }
        var waiter = _waiters[index];
        _waiters.RemoveAt(index);
        waiter.Source.TrySetResult(raised.EventRaised.Input);
    }

    /// <summary>For nobody here: the code has ended.</summary>
    public void Keep(HistoryEvent raised) => _unclaimed.Add(raised);

    public Waiter Wait(string name)
    {
        var waiter = new Waiter(name);
        var index = _unclaimed.FindIndex(waiter.WaitsFor);
        if (index < 0)
        {
            _waiters.Add(waiter);
            return waiter;
        }
        var raised = _unclaimed[index];
        _unclaimed.RemoveAt(index);
        waiter.Source.TrySetResult(raised.EventRaised.Input);
        return waiter;
    }

    public void GiveUp(Waiter waiter, CancellationToken token = default)
    {
        _waiters.Remove(waiter);
        waiter.Source.TrySetCanceled(token);
    }

    internal sealed class Waiter(string name)
    {
        public TaskCompletionSource<string?> Source { get; } = new();

        public bool WaitsFor(HistoryEvent raised) => string.Equals(raised.EventRaised.Name, name, StringComparison.OrdinalIgnoreCase);
    }
}
