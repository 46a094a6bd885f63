using System.Text.RegularExpressions;
using KestrelVoice.Contracts;

namespace KestrelVoice.Features.Calls;

/// <summary>One or two sentences for somebody who has no time for the transcript: the caller's own words, and what came of them.</summary>
internal static partial class CallSummary
{
    private const int LongestQuote = 240;

    // "Hello" and "good morning" are not yet what a call is about.
    private const int FewestWords = 3;

    public static string? Of(CallFacts facts, CallOutcome? outcome)
    {
        if (outcome is null)
            return null;
        var result = Result(facts, outcome.Value);
        return Gist(facts) is { } gist ? $"“{gist}” {result}" : result;
    }

    // The sentence that made it an emergency says most. Otherwise callers say first what they need, and last that this was all.
    private static string? Gist(CallFacts facts)
    {
        var turns = facts.Turns
            .Where(turn => turn is { Speaker: Speaker.Caller, Keys: false })
            .Select(turn => SentenceEnd().Split(turn.Text).Select(sentence => sentence.Trim()).Where(sentence => sentence.Length > 0).ToList())
            .Where(sentences => sentences.Count > 0)
            .ToList();
        var urgent = turns.SelectMany(sentences => sentences).FirstOrDefault(sentence =>
            facts.Emergencies.Any(emergency => sentence.Contains(emergency.Phrase, StringComparison.OrdinalIgnoreCase)));
        var longest = turns.Select(sentences => sentences.MaxBy(sentence => sentence.Length)!).ToList();
        var gist = urgent
            ?? longest.FirstOrDefault(sentence => sentence.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length >= FewestWords)
            ?? longest.MaxBy(sentence => sentence.Length);
        return gist is { Length: > LongestQuote } ? gist[..LongestQuote].TrimEnd() + "…" : gist;
    }

    public static string Seconds(int count) => count == 1 ? "1 second" : $"{count} seconds";

    private static string Result(CallFacts facts, CallOutcome outcome)
    {
        var emergency = facts.Emergency ? " It was an emergency." : "";
        return outcome switch
        {
            CallOutcome.AppointmentBooked => $"The receptionist booked an appointment: {facts.Bookings[^1].Service}." + emergency,
            CallOutcome.MessageTaken => "The receptionist took the message." + emergency,
            CallOutcome.Transferred => "The caller was put through to a person." + emergency,
            CallOutcome.Voicemail => $"The caller left a voicemail of {Seconds(facts.VoicemailSeconds)}." + emergency,
            CallOutcome.Escalated => "The emergency was put through to whoever is on call.",
            CallOutcome.Abandoned => "The caller hung up before saying what it was about." + emergency,
            CallOutcome.NoAnswer => "Nobody could be reached." + emergency,
            CallOutcome.Failed => "The call failed before it was answered." + emergency,
            _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "Unknown outcome."),
        };
    }

    [GeneratedRegex(@"(?<=[.!?])\s+", RegexOptions.CultureInvariant)]
    private static partial Regex SentenceEnd();
}
