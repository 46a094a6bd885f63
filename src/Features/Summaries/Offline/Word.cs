using System.Text.RegularExpressions;

namespace KestrelVoice.Features.Summaries.Offline;

/// <summary>A word of a text: lower case, apostrophes made plain, and where it stands.</summary>
internal readonly partial record struct Word(string Text, int Start, int End)
{
    public bool IsNumber => Text.All(char.IsAsciiDigit);

    public static IReadOnlyList<Word> Of(string text) =>
    [
        .. Letters().Matches(text).Select(match => new Word(
            match.Value.ToLowerInvariant().Replace('’', '\''), match.Index, match.Index + match.Length)),
    ];

    /// <summary>A word without its commonest endings, so that "leaks" and "leaking" count as one.</summary>
    public string Stem() => Text switch
    {
        { Length: > 5 } when Text.EndsWith("ing", StringComparison.Ordinal) => Text[..^3],
        { Length: > 4 } when Text.EndsWith("ed", StringComparison.Ordinal) || Text.EndsWith("es", StringComparison.Ordinal) => Text[..^2],
        { Length: > 3 } when Text.EndsWith('s') && !Text.EndsWith("ss", StringComparison.Ordinal) => Text[..^1],
        _ => Text,
    };

    public bool StartsUpper(string text) => char.IsUpper(text[Start]);

    [GeneratedRegex(@"[\p{L}\p{M}\p{Nd}]+(?:['’][\p{L}\p{M}]+)*", RegexOptions.CultureInvariant)]
    private static partial Regex Letters();
}
