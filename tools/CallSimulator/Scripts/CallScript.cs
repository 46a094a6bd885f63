using System.Text.RegularExpressions;
using KestrelVoice.CallSimulator.Callers;

namespace KestrelVoice.CallSimulator.Scripts;

/// <summary>A call written down: who calls, what the caller does and expects, and what the call log must say.</summary>
/// <param name="Steps">In order.</param>
/// <param name="CallLog">What the API must return afterwards; null expects nothing.</param>
public sealed record CallScript(IReadOnlyList<Step> Steps, CallLogExpectation? CallLog = null)
{
    /// <summary>What the script shows.</summary>
    public string? Description { get; init; }

    /// <summary>The caller's number.</summary>
    public string? From { get; init; }

    /// <summary>The dialled number.</summary>
    public string? To { get; init; }

    /// <summary>The caller's name, as a carrier would give it.</summary>
    public string? CallerName { get; init; }

    /// <summary>The line that forwarded the call.</summary>
    public string? ForwardedFrom { get; init; }

    /// <summary>Seed that the script insists on.</summary>
    public long? Seed { get; init; }

    /// <summary>When the call begins, in its own time.</summary>
    public DateTimeOffset? StartsAt { get; init; }

    /// <summary>What must be found in a text that the caller is sent; null expects none.</summary>
    public TextMatch? Text { get; init; }
}

/// <summary>Part of a script.</summary>
/// <param name="Line">Where it stands; 0 when the script was not read from a file.</param>
public abstract record Step(int Line)
{
    /// <summary>Answers with words, or leaves them as a message after a beep.</summary>
    /// <param name="Words">What is said.</param>
    /// <param name="Confidence">Of the speech recognition.</param>
    /// <param name="Interrupts">Whether the caller does not wait for the question to end.</param>
    public sealed record Say(string Words, double? Confidence = null, bool Interrupts = false, int Line = 0) : Step(Line);

    /// <summary>Answers with keys.</summary>
    /// <param name="Keys">Of <c>0-9 * #</c>.</param>
    /// <param name="Interrupts">Whether the caller does not wait for the question to end.</param>
    public sealed record Press(string Keys, bool Interrupts = false, int Line = 0) : Step(Line);

    /// <summary>Stays silent: through one question, or for some time.</summary>
    /// <param name="Seconds">How long; null for one question.</param>
    public sealed record Wait(int? Seconds = null, int Line = 0) : Step(Line);

    /// <summary>Hangs up at the next opportunity.</summary>
    public sealed record HangUp(int Line = 0) : Step(Line);

    /// <summary>Leaves a message after the beep.</summary>
    /// <param name="Message">How long, and how it ends.</param>
    public sealed record Record(Message Message, int Line = 0) : Step(Line);

    /// <summary>What becomes of the next phone that is dialled.</summary>
    /// <param name="Move">Answered, busy and so on.</param>
    public sealed record Dial(RingMove Move, int Line = 0) : Step(Line);

    /// <summary>The caller has heard something since the last thing the caller did.</summary>
    /// <param name="Text">What to find.</param>
    public sealed record Hears(TextMatch Text, int Line = 0) : Step(Line);

    /// <summary>The caller has not heard something since the last thing the caller did.</summary>
    /// <param name="Text">What must not be found.</param>
    public sealed record HearsNot(TextMatch Text, int Line = 0) : Step(Line);

    /// <summary>A phone has been dialled.</summary>
    /// <param name="Number">Whose.</param>
    public sealed record Dialled(string Number, int Line = 0) : Step(Line);

    /// <summary>A verb has been played since the last thing the caller did.</summary>
    /// <param name="Name">Its element's name.</param>
    public sealed record Verb(string Name, int Line = 0) : Step(Line);

    /// <summary>The call is over.</summary>
    /// <param name="Status">Twilio's terminal status; null for any.</param>
    public sealed record Ends(string? Status = null, int Line = 0) : Step(Line);

    internal bool IsExpectation => this is Hears or HearsNot or Dialled or Verb or Ends;
}

/// <summary>Words to find in a text: a part of it, or a regular expression; without regard to case.</summary>
/// <param name="Pattern">The part, or the expression.</param>
/// <param name="IsRegex">Which of the two.</param>
public sealed record TextMatch(string Pattern, bool IsRegex = false)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>A part of a text.</summary>
    public static implicit operator TextMatch(string part) => new(part);

    /// <summary>A part of a text.</summary>
    public static TextMatch FromString(string part) => part;

    /// <summary>Whether it is found.</summary>
    public bool In(string text) => IsRegex
        ? Regex.IsMatch(text, Pattern, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, Patience)
        : text.Contains(Pattern, StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public override string ToString() => IsRegex ? $"/{Pattern}/" : $"\"{Pattern}\"";
}

/// <summary>What the API must say of the call.</summary>
public sealed record CallLogExpectation
{
    /// <summary>How long the call log may take to say so.</summary>
    public TimeSpan Within { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Its <c>status</c>.</summary>
    public string? Status { get; init; }

    /// <summary>Its <c>outcome</c>.</summary>
    public string? Outcome { get; init; }

    /// <summary>Its <c>emergency</c> flag.</summary>
    public bool? Emergency { get; init; }

    /// <summary>Whether it has a recording.</summary>
    public bool? Recording { get; init; }

    /// <summary>What must be found in its turns, each somewhere.</summary>
    public IReadOnlyList<TextMatch> TurnsContain { get; init; } = [];
}
