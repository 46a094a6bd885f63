using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Kernel.RateLimits;

/// <summary>
/// What is left of each tenant's minute. Decided from memory alone: what this instance admitted, and what the others had when last heard of.
/// </summary>
/// <remarks>
/// An instance tells what it admitted every second, and at once when that exceeds a tenth of the quota. So n instances together admit at most
/// (n - 1) x (a tenth of the quota + what arrives while one statement travels) too many; and n quotas while the database is away.
/// </remarks>
internal sealed class TenantQuotas(IOptions<RateLimitSettings> settings, TimeProvider clock) : IDisposable
{
    private const int WindowSeconds = 60;
    private const int ReportedAtOnceAfter = 10;
    private readonly ConcurrentDictionary<Guid, Count> _counts = new();

    /// <summary>Given when so much was admitted that the others should know before the next second.</summary>
    internal Signal Much { get; } = new(clock);

    /// <summary>Counts a request, unless there is nothing left for it.</summary>
    internal Allowance Take(Guid tenantId, Plan plan)
    {
        var (minute, seconds) = Now();
        var quota = settings.Value.Of(plan);
        var (admitted, remaining, much) = _counts.GetOrAdd(tenantId, static _ => new Count()).Take(minute, quota);
        if (much)
            Much.Give();
        return new Allowance(quota, remaining, seconds, admitted);
    }

    /// <summary>What is left, without taking from it.</summary>
    internal Allowance Look(Guid tenantId, Plan plan)
    {
        var (minute, seconds) = Now();
        var quota = settings.Value.Of(plan);
        var remaining = _counts.TryGetValue(tenantId, out var count) ? count.Remaining(minute, quota) : quota;
        return new Allowance(quota, remaining, seconds, remaining > 0);
    }

    /// <summary>What was admitted here and not yet told to the others.</summary>
    internal IReadOnlyList<Admitted> Untold() =>
        [.. _counts.Select(entry => entry.Value.Untold(entry.Key)).Where(admitted => admitted.Requests > 0)];

    /// <param name="told">As <see cref="Untold"/> gave it.</param>
    /// <param name="everywhere">What all instances have admitted since, this one's included.</param>
    internal void Told(Admitted told, int everywhere)
    {
        if (_counts.TryGetValue(told.TenantId, out var count))
            count.Told(told, everywhere);
    }

    /// <summary>Forgets tenants that have been quiet for a minute or more.</summary>
    internal void Tidy()
    {
        var (minute, _) = Now();
        foreach (var entry in _counts.Where(entry => entry.Value.IsOver(minute)))
            _counts.TryRemove(entry);
    }

    public void Dispose() => Much.Dispose();

    private (long Minute, int SecondsLeft) Now()
    {
        var seconds = clock.GetUtcNow().ToUnixTimeSeconds();
        return (seconds / WindowSeconds, WindowSeconds - (int)(seconds % WindowSeconds));
    }

    internal readonly record struct Admitted(Guid TenantId, long Minute, int Requests);

    private sealed class Count
    {
        private readonly Lock _lock = new();
        private long _minute;
        private int _here;
        private int _told;
        private int _elsewhere;

        internal (bool Admitted, int Remaining, bool Much) Take(long minute, int quota)
        {
            lock (_lock)
            {
                Enter(minute);
                if (_here + _elsewhere >= quota)
                    return (false, 0, false);
                _here++;
                return (true, quota - _here - _elsewhere, (_here - _told) * ReportedAtOnceAfter > quota);
            }
        }

        internal int Remaining(long minute, int quota)
        {
            lock (_lock)
            {
                Enter(minute);
                return Math.Max(0, quota - _here - _elsewhere);
            }
        }

        internal Admitted Untold(Guid tenantId)
        {
            lock (_lock)
                return new Admitted(tenantId, _minute, _here - _told);
        }

        internal void Told(Admitted told, int everywhere)
        {
            lock (_lock)
            {
                if (told.Minute != _minute)
                    return;
                _told += told.Requests;
                _elsewhere = Math.Max(0, everywhere - _told);
            }
        }

        internal bool IsOver(long minute)
        {
            lock (_lock)
                return _minute < minute;
        }

        private void Enter(long minute)
        {
            // A clock that is set back does not give a minute twice.
            if (minute <= _minute)
                return;
            (_minute, _here, _told, _elsewhere) = (minute, 0, 0, 0);
        }
    }
}
