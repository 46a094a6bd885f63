using PhoneNumbers;

namespace KestrelVoice.Features.Summaries.Engines;

/// <summary>What must hold for an answer before it is believed, whoever gave it: a caller can talk a model into anything.</summary>
internal static class AnswerRules
{
    public const int MostPoints = 8;
    public const int LongestPoint = 300;
    public const int LongestValue = 300;
    public const int LongestSummary = 4_000;

    private static readonly PhoneNumberUtil Numbers = PhoneNumberUtil.GetInstance();

    /// <exception cref="EngineException">A turn is cited that is not among those given, or a value is not what it should be.</exception>
    public static Notes Check(Notes notes, IReadOnlyDictionary<int, Said> turns, string region) => new(
        [
            .. (notes.Points ?? throw Invalid())
                .Where(point => !string.IsNullOrWhiteSpace(point.Text))
                .Take(MostPoints)
                .Select(point => new Point(Cited(point.Turn, turns), Clip(point.Text, LongestPoint))),
        ],
        Check(notes.Findings ?? throw Invalid(), turns, region));

    /// <exception cref="EngineException">A turn is cited that is not among those given, or a value is not what it should be.</exception>
    public static Findings Check(Findings findings, IReadOnlyDictionary<int, Said> turns, string region) => new(
        Check(findings.Reason, turns),
        Check(findings.CustomerName, turns),
        Check(findings.Address, turns),
        Check(findings.Phone, turns) is { } phone ? phone with { Value = Dialable(phone.Value, region) ?? throw Invalid() } : null,
        Check(findings.Urgency, turns) is { } urgency
            ? UrgencyText.All.Contains(urgency.Value.ToLowerInvariant()) ? urgency with { Value = urgency.Value.ToLowerInvariant() } : throw Invalid()
            : null,
        Check(findings.FollowUp, turns));

    /// <exception cref="EngineException">There is nothing in it.</exception>
    public static string Check(Combination combination) =>
        string.IsNullOrWhiteSpace(combination.Summary) ? throw Invalid() : Clip(combination.Summary, LongestSummary);

    /// <summary>A number as E.164; null when there is none like it in the world.</summary>
    public static string? Dialable(string text, string region)
    {
        try
        {
            var number = Numbers.Parse(text, region);
            return Numbers.IsValidNumber(number) ? Numbers.Format(number, PhoneNumberFormat.E164) : null;
        }
        catch (NumberParseException)
        {
            return null;
        }
    }

    /// <summary>One line without control characters; one that is too long ends in an ellipsis.</summary>
    public static string Clip(string text, int longest)
    {
        var line = OneLine(text);
        return line.Length <= longest ? line : Cut(line, longest - 1) + "…";
    }

    private static string OneLine(string text) => string.Join(
        ' ',
        new string([.. text.Select(character => char.IsControl(character) || char.IsSurrogate(character) ? ' ' : character)])
            .Split(' ', StringSplitOptions.RemoveEmptyEntries));

    // At a word, unless that one alone is longer than half of it.
    private static string Cut(string line, int longest)
    {
        if (line.Length <= longest)
            return line;
        var end = line.LastIndexOf(' ', longest);
        return line[..(end > longest / 2 ? end : longest)];
    }

    private static Finding? Check(Finding? finding, IReadOnlyDictionary<int, Said> turns)
    {
        if (finding is null || string.IsNullOrWhiteSpace(finding.Value))
            return null;
        var turn = Cited(finding.Turn, turns);
        return new Finding(
            Clip(finding.Value, LongestValue), turn,
            finding.Quote is { } quote && Folded(quote) is { Length: > 0 } folded && Folded(turns[turn].Text).Contains(folded, StringComparison.Ordinal)
                ? Cut(OneLine(quote), LongestValue)
                : null,
            Math.Clamp(finding.Confidence is { } given && !double.IsNaN(given) ? given : 0.5, 0, 1));
    }

    private static int Cited(int turn, IReadOnlyDictionary<int, Said> turns) => turns.ContainsKey(turn) ? turn : throw Invalid();

    // A model that straightens quotation marks or a capital has still quoted.
    private static string Folded(string text) => new([.. text.Where(char.IsLetterOrDigit).Select(char.ToLowerInvariant)]);

    private static EngineException Invalid() => new(EngineProblem.InvalidAnswer);
}
