using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Webhooks.Delivery;

/// <summary>The lanes of this process, and which of them have something to do. One that is full, or whose endpoint is dead, holds up no other.</summary>
internal sealed class WebhookLanes(IOptions<DeliverySettings> options, TimeProvider clock)
{
    private readonly ConcurrentDictionary<LaneKey, WebhookLane> _lanes = [];
    private readonly Channel<LaneKey> _woken = Channel.CreateUnbounded<LaneKey>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>Something may wait there now.</summary>
    public void Wake(LaneKey key) => _woken.Writer.TryWrite(key);

    /// <summary>As <see cref="Wake(LaneKey)"/>, for whatever kind of message.</summary>
    public void Wake(Guid tenantId, Guid endpointId)
    {
        Wake(new LaneKey(tenantId, endpointId, Urgent: true));
        Wake(new LaneKey(tenantId, endpointId, Urgent: false));
    }

    public ValueTask<LaneKey> NextWokenAsync(CancellationToken cancellationToken) => _woken.Reader.ReadAsync(cancellationToken);

    public WebhookLane this[LaneKey key] => _lanes.GetOrAdd(key, _ => new WebhookLane(options.Value.InFlight, isPaced: !key.Urgent, clock));
}

/// <summary>How many attempts may begin: so many under way at once, and so many a second.</summary>
internal sealed class WebhookLane(int slots, bool isPaced, TimeProvider clock)
{
    /// <summary>Until the endpoint's own is known.</summary>
    private const int DefaultRate = 10;

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Queue<DateTimeOffset> _begun = new();
    private int _rate = DefaultRate;
    private int _underWay;
    private bool _looking;
    private bool _asked;

    /// <summary>Attempts a second.</summary>
    public int Rate
    {
        set => Volatile.Write(ref _rate, value);
    }

    /// <summary>Lets up to <paramref name="most"/> attempts in, and says how many.</summary>
    public int Enter(int most)
    {
        lock (_lock)
        {
            var room = Math.Min(most, slots - _underWay);
            if (isPaced)
                room = Math.Min(room, Volatile.Read(ref _rate) - BegunLately());
            room = Math.Max(room, 0);
            _underWay += room;
            for (var begun = 0; isPaced && begun < room; begun++)
                _begun.Enqueue(clock.GetUtcNow());
            return room;
        }
    }

    /// <summary>Some that were let in found nothing to do.</summary>
    public void TurnBack(int count)
    {
        lock (_lock)
        {
            _underWay -= count;
            if (!isPaced || count == 0)
                return;
            // The last ones are as good as any: all of them began at the same moment.
            var kept = _begun.Take(_begun.Count - count).ToArray();
            _begun.Clear();
            foreach (var at in kept)
                _begun.Enqueue(at);
        }
    }

    /// <summary>An attempt is over.</summary>
    public void Leave()
    {
        lock (_lock)
            _underWay--;
    }

    /// <summary>How long the pace holds the next one up; null when something else does, or nothing.</summary>
    public TimeSpan? HeldUpFor()
    {
        lock (_lock)
        {
            if (!isPaced || _underWay >= slots || BegunLately() < Volatile.Read(ref _rate))
                return null;
            return _begun.Peek() + Window - clock.GetUtcNow();
        }
    }

    /// <summary>Asks for a look at what waits. True for whoever is to do it; false when somebody is at it, who will then look once more.</summary>
    public bool TakeTurn()
    {
        lock (_lock)
        {
            var isOurs = !_looking;
            (_looking, _asked) = (true, true);
            return isOurs;
        }
    }

    /// <summary>Whether a look has been asked for since the last one began; if not, the turn is over.</summary>
    public bool LookAgain()
    {
        lock (_lock)
        {
            (_looking, _asked) = (_asked, false);
            return _looking;
        }
    }

    private int BegunLately()
    {
        var since = clock.GetUtcNow() - Window;
        while (_begun.TryPeek(out var oldest) && oldest <= since)
            _begun.Dequeue();
        return _begun.Count;
    }
}
