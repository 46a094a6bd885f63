using System.Globalization;
using System.Text;
using KestrelVoice.Contracts;
using KestrelVoice.Voice.Receptionist;

namespace KestrelVoice.Voice.Calls;

/// <summary>
/// Where a call stands, as the URLs of its next requests say it: each request brings all it needs, so that a lost state store breaks no call,
/// and a repeated request yields the same events. Covered by Twilio's signature.
/// </summary>
/// <param name="Block">Which block of sequence numbers the request may use.</param>
/// <param name="StartedAt">When the call reached us.</param>
/// <param name="TenantId">Owner of the dialled number, when known.</param>
/// <param name="Progress">How far the conversation is.</param>
/// <param name="Target">Whom the caller is being put through to.</param>
/// <param name="Urgent">Whether the voicemail follows an emergency.</param>
internal sealed record CallPosition(int Block, DateTimeOffset StartedAt, Guid? TenantId, Progress Progress, DialTarget Target = DialTarget.Person, bool Urgent = false)
{
    private const int MaxBlock = 1000;
    private const int MaxCount = 100;
    private const int MaxTimes = 3;

    public static CallPosition First(DateTimeOffset startedAt, Guid? tenantId) => new(0, startedAt, tenantId, Progress.Start);

    public string ToQuery()
    {
        var query = new StringBuilder();
        query.Append(CultureInfo.InvariantCulture, $"?n={Block}&t={StartedAt.ToUnixTimeMilliseconds()}");
        if (TenantId is { } tenant)
            query.Append(CultureInfo.InvariantCulture, $"&o={tenant:N}");
        query.Append(CultureInfo.InvariantCulture, $"&s={(int)Progress.Step}&c={Progress.Inputs}&q={Progress.Silences}");
        if (Progress.Closed)
            query.Append("&a=1");
        if (Progress.Booking is { } booking)
            Append(query, booking);
        if (Target == DialTarget.OnCall)
            query.Append("&d=1");
        if (Urgent)
            query.Append("&u=1");
        return query.ToString();
    }

    public static CallPosition? Read(IQueryCollection query)
    {
        if (Number(query, "n", MaxBlock) is not { } block
            || Number(query, "t", DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()) is not { } started
            || Number(query, "s", (int)Step.Booked) is not { } step
            || Number(query, "c", MaxCount) is not { } inputs
            || Number(query, "q", MaxCount) is not { } silences)
            return null;

        if (!TryReadId(query, "o", out var tenant) || !TryReadBooking(query, out var booking))
            return null;
        var progress = new Progress((Step)step, (int)inputs, (int)silences) { Booking = booking, Closed = query["a"] == "1" };
        if (progress.IsBooking && !IsWhole(progress.Step, booking))
            return null;
        return new CallPosition(
            (int)block, DateTimeOffset.FromUnixTimeMilliseconds(started), tenant, progress,
            query["d"] == "1" ? DialTarget.OnCall : DialTarget.Person, query["u"] == "1");
    }

    private static void Append(StringBuilder query, Booking booking)
    {
        query.Append(CultureInfo.InvariantCulture, $"&m={booking.Misses}");
        if (booking.ServiceId is { } service)
            query.Append(CultureInfo.InvariantCulture, $"&b={service:N}");
        if (booking.HoldId is { } hold)
            query.Append(CultureInfo.InvariantCulture, $"&k={hold:N}");
        if (booking.Times.Count > 0)
            query.Append("&f=").AppendJoin('.', booking.Times.Select(time => time.ToUnixTimeSeconds()));
    }

    private static bool TryReadBooking(IQueryCollection query, out Booking? booking)
    {
        booking = null;
        if (!query.ContainsKey("m"))
            return true;
        if (Number(query, "m", MaxCount) is not { } misses || !TryReadId(query, "b", out var service) || !TryReadId(query, "k", out var hold))
            return false;
        var times = new List<DateTimeOffset>();
        foreach (var text in query["f"].ToString().Split('.', MaxTimes + 1, StringSplitOptions.RemoveEmptyEntries))
        {
            if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > DateTimeOffset.MaxValue.ToUnixTimeSeconds())
                return false;
            times.Add(DateTimeOffset.FromUnixTimeSeconds(seconds));
        }
        booking = new Booking(service, times, hold, (int)misses);
        return times.Count <= MaxTimes;
    }

    private static bool TryReadId(IQueryCollection query, string name, out Guid? id)
    {
        id = null;
        if (!query.TryGetValue(name, out var text))
            return true;
        if (!Guid.TryParseExact(text, "N", out var parsed))
            return false;
        id = parsed;
        return true;
    }

    private static bool IsWhole(Step step, Booking? booking) => step switch
    {
        Step.Time => booking is { ServiceId: not null, Times.Count: > 0 },
        Step.Name or Step.Confirm => booking is { ServiceId: not null, HoldId: not null, Times.Count: 1 },
        _ => booking is not null,
    };

    private static long? Number(IQueryCollection query, string name, long max) =>
        long.TryParse(query[name], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= max ? number : null;
}
