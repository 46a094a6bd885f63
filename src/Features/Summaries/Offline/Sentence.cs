using System.Text.RegularExpressions;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Summaries.Engines;

namespace KestrelVoice.Features.Summaries.Offline;

/// <summary>A sentence as it was said: verbatim, with its words.</summary>
internal sealed partial class Sentence(int turn, Speaker speaker, string text)
{
    // Recognised speech comes without full stops at times; nobody reads a quotation of a hundred words.
    private const int MostWords = 30;
    private const int FewestWordsBeforeCut = 8;

    private static readonly HashSet<string> Joints = ["and", "so", "but", "then", "because", "y", "pero", "entonces"];

    public int Turn => turn;

    public Speaker Speaker => speaker;

    public string Text => text;

    public IReadOnlyList<Word> Words { get; } = Word.Of(text);

    public bool IsQuestion => Text.EndsWith('?');

    /// <summary>The stems that say what it is about.</summary>
    public IReadOnlySet<string> Content => field ??= Words
        .Where(word => word.Text.Length > 1 && !word.IsNumber && !Vocabulary.Empty.Contains(word.Text) && !Vocabulary.Fillers.Contains(word.Text))
        .Select(word => word.Stem())
        .ToHashSet(StringComparer.Ordinal);

    public static IEnumerable<Sentence> Of(Said said)
    {
        foreach (var whole in End().Split(said.Text).Select(whole => whole.Trim()).Where(whole => whole.Length > 0))
        {
            foreach (var piece in Cut(whole))
                yield return new Sentence(said.Turn, said.Speaker, piece);
        }
    }

    /// <summary>The sentence without the sounds of somebody thinking.</summary>
    public string Tidied()
    {
        var kept = Text;
        foreach (var filler in Words.Reverse().Where(word => Vocabulary.Fillers.Contains(word.Text)))
            kept = kept[..filler.Start].TrimEnd(' ', ',') + ' ' + kept[filler.End..].TrimStart(' ', ',', '.');
        kept = kept.Trim(' ', ',', '-');
        return kept.Length == 0 ? Text : char.ToUpperInvariant(kept[0]) + kept[1..];
    }

    private static IEnumerable<string> Cut(string sentence)
    {
        var words = Word.Of(sentence);
        while (words.Count > MostWords)
        {
            var at = MostWords;
            for (var i = MostWords; i >= FewestWordsBeforeCut; i--)
            {
                if (Joints.Contains(words[i].Text))
                {
                    at = i;
                    break;
                }
            }
            yield return sentence[..words[at].Start].Trim();
            sentence = sentence[words[at].Start..];
            words = Word.Of(sentence);
        }
        yield return sentence;
    }

    // "Oak St. in Portland" goes on.
    [GeneratedRegex(@"(?<=[.!?…])\s+(?=[\p{Lu}\p{Nd}¿¡“""'])|[\r\n]+", RegexOptions.CultureInvariant)]
    private static partial Regex End();
}
