using KestrelVoice.Contracts;
using KestrelVoice.Features.Summaries.Engines;

namespace KestrelVoice.Features.Summaries.Offline;

/// <summary>The number on which the caller wants to be called back, in digits or in words.</summary>
internal static class CallbackNumber
{
    private const int FewestDigits = 7;
    private const int MostDigits = 15;

    private static readonly HashSet<string> Between = ["and", "area", "code", "dash", "then", "uh", "um", "it's", "is", "y", "guion", "plus"];

    private static readonly PhraseSet Cue = new(
        "my number", "number is", "number's", "phone number", "cell", "cell phone", "mobile", "reach me", "call me", "call me back", "callback", "back at",
        "text me", "contact me", "mi número", "mi teléfono", "teléfono es", "celular", "llámeme", "llamarme");

    private static readonly PhraseSet Asked = new(
        "your number", "phone number", "best number", "callback number", "number to reach", "number where", "reach you", "call you back at", "su número", "su teléfono");

    private static readonly PhraseSet Correction = new("no wait", "sorry", "actually", "i mean", "correction", "perdón");

    private static readonly PhraseSet ThisLine = new(
        "this number", "the number i'm calling from", "number i'm calling from", "number i called from", "same number", "este número", "este mismo número");

    public static bool IsCue(Sentence sentence) => Cue.OccursIn(sentence.Words);

    public static Finding? Find(IReadOnlyList<Said> turns, CallContext call)
    {
        Finding? best = null;
        for (var i = 0; i < turns.Count; i++)
        {
            if (turns[i].Speaker != Speaker.Caller)
                continue;
            var words = Word.Of(turns[i].Text);
            var asked = i > 0 && turns[i - 1].Speaker == Speaker.Receptionist && Asked.OccursIn(Word.Of(turns[i - 1].Text));
            var sought = asked || Cue.OccursIn(words);
            foreach (var (number, first, next) in Numbers(turns[i].Text, words, call.Region))
            {
                var confidence = (sought ? 0.9 : 0.5) + (Correction.OccursIn(words) ? 0.05 : 0);
                // Of numbers that are equally likely the last one: that is how people correct themselves.
                if (best is null || confidence >= best.Confidence)
                    best = new Finding(number, turns[i].Turn, turns[i].Text[words[first].Start..words[next - 1].End], confidence);
            }
            if (call.CallerNumber is { } own && sought && (best?.Confidence ?? 0) < 0.7 && ThisLine.In(words).Select(found => ((int, int)?)found).FirstOrDefault() is var (from, to))
                best = new Finding(own, turns[i].Turn, turns[i].Text[words[from].Start..words[to - 1].End], 0.7);
        }
        return best;
    }

    private static IEnumerable<(string Number, int First, int Next)> Numbers(string text, IReadOnlyList<Word> words, string region)
    {
        for (var index = 0; index < words.Count;)
        {
            var run = Run(words, index);
            if (run.Count > 0 && Longest(text, words, run, region) is { } found)
            {
                yield return found;
                index = found.Next;
            }
            else
            {
                index = run.Count > 0 ? run[^1].Next : index + 1;
            }
        }
    }

    private static List<(string Digits, int First, int Next)> Run(IReadOnlyList<Word> words, int index)
    {
        var run = new List<(string Digits, int First, int Next)>();
        while (index < words.Count)
        {
            if (SpokenDigits.Read(words, index) is { } read)
            {
                run.Add((read.Digits, index, read.Next));
                index = read.Next;
            }
            else if (run.Count > 0 && Between.Contains(words[index].Text))
            {
                index++;
            }
            else
            {
                break;
            }
        }
        return run;
    }

    // Other numbers may stand on either side: "I am in unit 4, 503 555 0142".
    private static (string Number, int First, int Next)? Longest(
        string text, IReadOnlyList<Word> words, List<(string Digits, int First, int Next)> run, string region)
    {
        for (var first = 0; first < run.Count; first++)
        {
            (string, int, int)? longest = null;
            var digits = "";
            for (var last = first; last < run.Count && digits.Length <= MostDigits; last++)
            {
                digits += run[last].Digits;
                if (digits.Length is < FewestDigits or > MostDigits)
                    continue;
                var start = words[run[first].First].Start;
                var written = start > 0 && text[start - 1] == '+' ? "+" + digits : digits;
                if (AnswerRules.Dialable(written, region) is { } number)
                    longest = (number, run[first].First, run[last].Next);
            }
            if (longest is not null)
                return longest;
        }
        return null;
    }
}
