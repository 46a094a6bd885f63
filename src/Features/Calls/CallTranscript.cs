using KestrelVoice.Contracts;

namespace KestrelVoice.Features.Calls;

/// <summary>The conversation as text, one line a turn.</summary>
internal static class CallTranscript
{
    public static string? Of(CallFacts facts) =>
        facts.Turns.Count == 0 ? null : string.Join('\n', facts.Turns.Select(Line));

    private static string Line(TurnSpoken turn) => (turn.Speaker, turn.Keys) switch
    {
        (Speaker.Caller, true) => "Caller pressed " + turn.Text,
        (Speaker.Caller, false) => "Caller: " + turn.Text,
        (Speaker.Receptionist, _) => "Receptionist: " + turn.Text,
        _ => throw new ArgumentOutOfRangeException(nameof(turn), turn.Speaker, "Unknown speaker."),
    };
}
