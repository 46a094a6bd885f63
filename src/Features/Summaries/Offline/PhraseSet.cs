namespace KestrelVoice.Features.Summaries.Offline;

/// <summary>Phrases that are looked for as whole words, one after the other.</summary>
internal sealed class PhraseSet
{
    private readonly ILookup<string, string[]> _phrases;

    public PhraseSet(params string[] phrases) => _phrases = phrases
        .Select(phrase => phrase.Split(' '))
        .OrderByDescending(words => words.Length)
        .ToLookup(words => words[0], StringComparer.Ordinal);

    public bool OccursIn(IReadOnlyList<Word> words) => In(words).Any();

    /// <summary>Every place where one of the phrases begins, and where the words after it do; the longest at each place.</summary>
    public IEnumerable<(int First, int Next)> In(IReadOnlyList<Word> words)
    {
        for (var first = 0; first < words.Count; first++)
        {
            foreach (var phrase in _phrases[words[first].Text])
            {
                if (Matches(words, first, phrase))
                {
                    yield return (first, first + phrase.Length);
                    break;
                }
            }
        }
    }

    public int CountIn(IReadOnlyList<Word> words) => In(words).Count();

    private static bool Matches(IReadOnlyList<Word> words, int first, string[] phrase)
    {
        if (first + phrase.Length > words.Count)
            return false;
        for (var i = 1; i < phrase.Length; i++)
            if (words[first + i].Text != phrase[i])
                return false;
        return true;
    }
}
