using KestrelVoice.CallSimulator.Callers;
using KestrelVoice.CallSimulator.Twiml;

namespace KestrelVoice.CallSimulator.Verbs;

/// <summary>Say, Play and Pause: what the caller hears, and may cut short.</summary>
internal sealed class Prompts(CallSession call)
{
    private const double SecondsPerWord = 0.4;
    private static readonly TimeSpan PlayedFile = TimeSpan.FromSeconds(3);

    /// <param name="verb">Say, Play or Pause.</param>
    /// <param name="asked">Whether it is part of a question.</param>
    /// <returns>What the caller did meanwhile.</returns>
    public async Task<CallerMove> PlayAsync(Verb verb, bool asked, CancellationToken cancellationToken)
    {
        var (text, once, loops) = verb switch
        {
            Say say => (say.Text, Spoken(say.Text), say.Loop),
            Play { Digits: { } digits } play => ("keys " + digits, TimeSpan.FromSeconds(0.5 * digits.Length), play.Loop),
            Play play => (play.Url!, PlayedFile, play.Loop),
            Pause pause => ("", TimeSpan.FromSeconds(pause.Seconds), 1),
            _ => throw new ArgumentOutOfRangeException(nameof(verb), verb.Name, "Nothing to hear."),
        };
        var move = await call.Caller.HearAsync(new HeardMoment(verb.Name, text, asked), cancellationToken);
        var interrupted = move is not CallerMove.Silence;
        if (text.Length > 0)
            call.Add(new CallerHeard(call.Clock.GetUtcNow(), text, interrupted));

        // A prompt without end lasts until the caller does something about it.
        var whole = once * (loops == 0 ? 1000 : loops);
        await call.PassAsync(interrupted ? once / 2 : whole, cancellationToken);
        return move;
    }

    public static TimeSpan Spoken(string words) =>
        TimeSpan.FromSeconds(Math.Max(1, SecondsPerWord * words.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length));
}
