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

    public static CallPosition First(DateTimeOffset startedAt, Guid? tenantId) => new(0, startedAt, tenantId, Progress.Start);

    public string ToQuery()
    {
        var query = new StringBuilder();
        query.Append(CultureInfo.InvariantCulture, $"?n={Block}&t={StartedAt.ToUnixTimeMilliseconds()}");
        if (TenantId is { } tenant)
            query.Append(CultureInfo.InvariantCulture, $"&o={tenant:N}");
        query.Append(CultureInfo.InvariantCulture, $"&s={(int)Progress.Step}&c={Progress.Inputs}&q={Progress.Silences}");
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
            || Number(query, "s", (int)Step.AfterHours) is not { } step
            || Number(query, "c", MaxCount) is not { } inputs
            || Number(query, "q", MaxCount) is not { } silences)
            return null;

        Guid? tenant = null;
        if (query.TryGetValue("o", out var owner))
        {
            if (!Guid.TryParseExact(owner, "N", out var parsed))
                return null;
            tenant = parsed;
        }
        return new CallPosition(
            (int)block, DateTimeOffset.FromUnixTimeMilliseconds(started), tenant, new Progress((Step)step, (int)inputs, (int)silences),
            query["d"] == "1" ? DialTarget.OnCall : DialTarget.Person, query["u"] == "1");
    }

    private static long? Number(IQueryCollection query, string name, long max) =>
        long.TryParse(query[name], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= max ? number : null;
}
