using System.Text;

namespace KestrelVoice.Voice.Receptionist;

/// <summary>An utterance as lower-case words: letters and digits; apostrophes vanish, everything else separates.</summary>
internal static class Words
{
    // "pipe has just burst": so many words may stand between two of a phrase.
    private const int MaxGap = 2;

    // A word shorter than this turns meaning with its place: "no heat" against "heat, no".
    private const int MinLengthForEitherOrder = 3;

    public static IReadOnlyList<string> Of(string text)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        foreach (var character in text)
        {
            if (char.IsLetterOrDigit(character) || char.IsSurrogate(character))
                word.Append(char.ToLowerInvariant(character));
            else if (character is not ('\'' or '\u2019' or '\u02BC'))
                Flush();
        }
        Flush();
        return words;

        void Flush()
        {
            if (word.Length > 0)
                words.Add(word.ToString());
            word.Clear();
        }
    }

    /// <summary>
    /// Whether a phrase occurs: its words whole, without regard to case and punctuation, a plural or third-person <c>s</c> allowed,
    /// in order, with up to two other words between neighbours; a phrase of two words of three letters or more also the other way round.
    /// </summary>
    public static bool Contain(IReadOnlyList<string> utterance, string phrase)
    {
        var wanted = Of(phrase);
        if (wanted.Count == 0)
            return false;
        if (ContainInOrder(utterance, wanted))
            return true;
        return wanted.Count == 2 && wanted.All(word => word.Length >= MinLengthForEitherOrder) && ContainInOrder(utterance, [wanted[1], wanted[0]]);
    }

    private static bool ContainInOrder(IReadOnlyList<string> utterance, IReadOnlyList<string> wanted)
    {
        for (var start = 0; start < utterance.Count; start++)
            if (Same(utterance[start], wanted[0]) && ContinueFrom(utterance, start, wanted, 1))
                return true;
        return false;
    }

    private static bool ContinueFrom(IReadOnlyList<string> utterance, int last, IReadOnlyList<string> wanted, int index)
    {
        if (index == wanted.Count)
            return true;
        for (var i = last + 1; i <= last + 1 + MaxGap && i < utterance.Count; i++)
            if (Same(utterance[i], wanted[index]) && ContinueFrom(utterance, i, wanted, index + 1))
                return true;
        return false;
    }

    private static bool Same(string spoken, string wanted) =>
        spoken == wanted || (spoken.Length == wanted.Length + 1 && spoken[^1] == 's' && spoken.StartsWith(wanted, StringComparison.Ordinal));
}
