using Dapper;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Summaries.Engines;
using PhoneNumbers;

namespace KestrelVoice.Features.Summaries;

/// <summary>What was said in a stretch of a call, and what is known of the call, as engines are given it.</summary>
internal sealed record CallWords(CallContext Context, IReadOnlyList<Said> Turns)
{
    private const string Home = "US";

    // Keys that were pressed are no words.
    private const string Find =
        """
        select outcome, phone_number, dialed_number
        from call_results
        where tenant_id = @TenantId and call_id = @CallId;
        select sequence, speaker, text
        from call_turns
        where tenant_id = @TenantId and call_id = @CallId and sequence between @First and @Last and not keys and text ~ '\S'
        order by sequence;
        select sequence, phrase
        from call_emergencies
        where tenant_id = @TenantId and call_id = @CallId
        order by sequence
        """;

    private sealed record Result(string? Outcome, string PhoneNumber, string DialedNumber);

    private sealed record Turn(int Sequence, string Speaker, string Text);

    private sealed record Emergency(int Sequence, string Phrase);

    /// <summary>Null when there is no such call.</summary>
    public static Task<CallWords?> ReadAsync(
        TenantDatabase database, Guid tenantId, Guid callId, int first, int last, CancellationToken cancellationToken) =>
        database.ReadAsync(tenantId, Find, new { CallId = callId, First = first, Last = last }, ReadAsync, cancellationToken);

    /// <summary>The caller's sentence that made it an emergency comes right before the event that says so.</summary>
    public static int? TurnOf(int emergency, IEnumerable<Said> turns) =>
        turns.LastOrDefault(said => said.Speaker == Speaker.Caller && said.Turn <= emergency)?.Turn;

    private static async Task<CallWords?> ReadAsync(SqlMapper.GridReader results)
    {
        if (await results.ReadSingleOrDefaultAsync<Result>() is not { } result)
            return null;
        var turns = (await results.ReadAsync<Turn>())
            .DistinctBy(turn => turn.Sequence)
            .Select(turn => new Said(turn.Sequence, turn.Speaker == "caller" ? Speaker.Caller : Speaker.Receptionist, turn.Text))
            .ToList();
        var marks = (await results.ReadAsync<Emergency>())
            .Select(emergency => (Turn: TurnOf(emergency.Sequence, turns), emergency.Phrase))
            .Where(mark => mark.Turn is not null)
            .Select(mark => new EmergencyMark(mark.Turn!.Value, mark.Phrase));
        var region = RegionOf(result.DialedNumber);
        return new CallWords(new CallContext(result.Outcome, AnswerRules.Dialable(result.PhoneNumber, region), region, [.. marks]), turns);
    }

    private static string RegionOf(string dialed)
    {
        var numbers = PhoneNumberUtil.GetInstance();
        try
        {
            return numbers.GetRegionCodeForNumber(numbers.Parse(dialed, Home)) ?? Home;
        }
        catch (NumberParseException)
        {
            return Home;
        }
    }
}
