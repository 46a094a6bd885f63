using KestrelVoice.Contracts;
using KestrelVoice.Features.Summaries.Engines;

namespace KestrelVoice.Features.Summaries.Offline;

/// <summary>Who called, as they introduced themselves or answered when asked.</summary>
internal static class CallerName
{
    private const int MostWords = 4;
    private const int LongestAnswer = 8;

    // After these a name follows whatever its case; after the others only a capital tells a name from "this is urgent".
    private static readonly PhraseSet Certain = new("my name is", "my name's", "the name is", "name is", "mi nombre es", "me llamo");

    private static readonly PhraseSet Likely = new("this is", "i'm", "i am", "it's", "it is", "soy", "habla", "le habla", "under the name", "under");

    private static readonly PhraseSet Asked = new("your name", "your full name", "first and last name", "who am i speaking", "who's calling", "who is calling", "su nombre");

    private static readonly HashSet<string> LeadIn = ["sure", "yes", "yeah", "yep", "okay", "ok", "uh", "um", "hi", "it's", "is", "this", "i'm", "of", "course", "sí", "claro"];

    private static readonly HashSet<string> Whose = ["husband's", "wife's", "landlord's", "company", "company's", "business", "dog's", "son's", "daughter's", "tenant's", "neighbor's", "your"];

    private static readonly HashSet<string> Particles = ["de", "del", "la", "von", "van", "der", "da", "di", "du", "el", "bin", "al", "st"];

    private static readonly HashSet<string> NoNames =
        """
        monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october november december
        spanish english american plumber electrician technician owner tenant landlord manager customer homeowner apartment house street avenue road
        emergency urgent kestrel mr mrs ms dr ma'am sir god jesus calling speaking regarding ridiculous unit suite number phone address alone pregnant
        sick worried interested unit
        """.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal);

    public static Finding? Find(IReadOnlyList<Said> turns)
    {
        Finding? best = null;
        for (var i = 0; i < turns.Count; i++)
        {
            if (turns[i].Speaker != Speaker.Caller)
                continue;
            var answers = i > 0 && turns[i - 1].Speaker == Speaker.Receptionist
                && Sentence.Of(turns[i - 1]).Any(sentence => sentence.IsQuestion && Asked.OccursIn(sentence.Words));
            foreach (var found in In(turns[i], answers))
            {
                if (best is null || found.Confidence > best.Confidence)
                    best = found;
            }
        }
        return best;
    }

    /// <summary>Whether a sentence does nothing but say who speaks.</summary>
    public static bool Introduces(Sentence sentence) =>
        In(new Said(sentence.Turn, sentence.Speaker, sentence.Text), answersTheQuestion: false).Any(finding => finding.Confidence > 0.5);

    private static IEnumerable<Finding> In(Said said, bool answersTheQuestion)
    {
        var words = Word.Of(said.Text);
        foreach (var (first, next) in Certain.In(words))
        {
            if ((first == 0 || !Whose.Contains(words[first - 1].Text)) && Name(said.Text, words, next, capitals: false) is { } name)
                yield return Finding(said, words[first].Start, name, 0.95);
        }
        foreach (var (first, next) in Likely.In(words))
        {
            if (Name(said.Text, words, next, capitals: true) is { } name)
                yield return Finding(said, words[first].Start, name, name.Count > 1 || EndsIntroduction(words, next + name.Count) ? 0.7 : 0.4);
        }
        if (answersTheQuestion && words.Count <= LongestAnswer)
        {
            var start = 0;
            while (start < words.Count && LeadIn.Contains(words[start].Text))
                start++;
            if (Name(said.Text, words, start, capitals: true) is { } name)
                yield return Finding(said, name[0].Start, name, 0.8);
        }
    }

    private static bool EndsIntroduction(IReadOnlyList<Word> words, int next) =>
        next < words.Count && words[next].Text is "calling" or "from" or "speaking" or "here" or "over" or "at" or "with" or "and" or "de";

    private static List<Word>? Name(string text, IReadOnlyList<Word> words, int start, bool capitals)
    {
        var name = new List<Word>();
        for (var i = start; i < words.Count && name.Count < MostWords; i++)
        {
            var word = words[i];
            // A comma or a full stop ends it, a hyphen or the dot of an initial does not.
            if (name.Count > 0 && text[name[^1].End..word.Start].Any(mark => mark is not (' ' or '-' or '\'')) && name[^1].Text.Length > 1)
                break;
            var particle = name.Count > 0 && Particles.Contains(word.Text);
            if (!particle && (word.Text.Any(char.IsDigit) || Vocabulary.Empty.Contains(word.Text) || Vocabulary.Fillers.Contains(word.Text)
                || NoNames.Contains(word.Text) || Vocabulary.Trade.Contains(word.Text) || (capitals && !word.StartsUpper(text))))
                break;
            // Mid-sentence a capital is a name; without any capitals, whatever is no verb of an introduction.
            if (!particle && !capitals && name.Count > 0 && name[0].StartsUpper(text) && !word.StartsUpper(text))
                break;
            name.Add(word);
        }
        while (name.Count > 0 && Particles.Contains(name[^1].Text))
            name.RemoveAt(name.Count - 1);
        return name.Count > 0 && name[0].Text.Length > 1 ? name : null;
    }

    private static Finding Finding(Said said, int start, List<Word> name, double confidence) => new(
        string.Join(' ', name.Select(word => Capital(said.Text[word.Start..word.End]))), said.Turn, said.Text[start..name[^1].End], confidence);

    private static string Capital(string word) => Particles.Contains(word) ? word : char.ToUpperInvariant(word[0]) + word[1..];
}
