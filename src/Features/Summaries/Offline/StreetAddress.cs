using System.Collections.Frozen;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Summaries.Engines;

namespace KestrelVoice.Features.Summaries.Offline;

/// <summary>Where the work is to be done: a house number, a street, and what follows of unit and town.</summary>
internal static class StreetAddress
{
    private const int MostNameWords = 4;
    private const int MostTownWords = 3;

    private static readonly FrozenSet<string> Suffixes = Set(
        "street st avenue ave boulevard blvd road rd lane ln drive dr court ct highway hwy parkway pkwy terrace ter");

    // Words of everyday speech too: only after a name with a capital.
    private static readonly FrozenSet<string> LooseSuffixes = Set("way place pl circle cir trail loop square sq run crossing row path plaza alley point ridge");

    private static readonly FrozenSet<string> Directions = Set(
        "north south east west northeast northwest southeast southwest n s e w ne nw se sw");

    private static readonly FrozenSet<string> Units = Set("apt apartment unit suite ste floor number departamento apartamento");

    private static readonly FrozenSet<string> SpanishStreets = Set("calle avenida camino carrera paseo");

    private static readonly FrozenSet<string> NotStreets = Set("am pm o'clock minutes hours days weeks months years dollars feet foot gallons percent times people");

    private static readonly PhraseSet Cue = new(
        "my address", "address is", "the address", "i live at", "we live at", "live on", "located at", "i'm at", "we're at", "house is at", "come to",
        "vivo en", "mi dirección", "la dirección", "estamos en");

    private static readonly PhraseSet Asked = new("address", "where are you", "where do you live", "dirección");

    public static Finding? Find(IReadOnlyList<Said> turns)
    {
        Finding? best = null;
        for (var i = 0; i < turns.Count; i++)
        {
            if (turns[i].Speaker != Speaker.Caller)
                continue;
            var words = Word.Of(turns[i].Text);
            var sought = Cue.OccursIn(words) || (i > 0 && turns[i - 1].Speaker == Speaker.Receptionist && Asked.OccursIn(Word.Of(turns[i - 1].Text)));
            for (var index = 0; index < words.Count; index++)
            {
                if ((At(turns[i].Text, words, index, sought) ?? SpanishAt(turns[i].Text, words, index)) is not var (value, next))
                    continue;
                var confidence = (sought ? 0.9 : 0.6) + Math.Min(0.09, 0.01 * (next - index));
                if (best is null || confidence > best.Confidence)
                    best = new Finding(value, turns[i].Turn, turns[i].Text[words[index].Start..words[next - 1].End], confidence);
                index = next - 1;
            }
        }
        return best;
    }

    private static (string Value, int Next)? At(string text, IReadOnlyList<Word> words, int index, bool sought)
    {
        if (SpokenDigits.ReadHouse(words, index) is not var (house, start) || start >= words.Count || !Adjoins(text, words, start))
            return null;
        var i = start;
        if (Directions.Contains(words[i].Text))
            i++;
        var firstName = i;
        while (i < words.Count && i - firstName < MostNameWords && Adjoins(text, words, i) && !Suffixes.Contains(words[i].Text)
            && !(i > firstName && LooseSuffixes.Contains(words[i].Text)) && IsStreetName(words[i]))
            i++;
        var named = i - firstName;
        var capitals = named > 0 && Enumerable.Range(firstName, named).All(at => words[at].StartsUpper(text) || words[at].Text.Any(char.IsDigit));
        var suffixed = i < words.Count && named > 0 && Adjoins(text, words, i)
            && (Suffixes.Contains(words[i].Text) || (LooseSuffixes.Contains(words[i].Text) && (capitals || sought)));
        if (suffixed)
            i++;
        else if (!(sought && capitals) || NotStreets.Contains(words[firstName].Text))
            return null;

        i = AfterUnit(text, words, AfterDirection(text, words, i));
        var street = i;
        i = AfterTown(text, words, i);
        var value = string.Join(' ', words.Skip(start).Take(street - start).Select(word => Shown(text, word)));
        var town = i > street ? ", " + Town(text, words, street, i) : "";
        return ($"{house} {value}{town}", i);
    }

    private static (string Value, int Next)? SpanishAt(string text, IReadOnlyList<Word> words, int index)
    {
        if (!SpanishStreets.Contains(words[index].Text))
            return null;
        for (var i = index + 1; i < words.Count && i <= index + MostNameWords + 1; i++)
        {
            if (i > index + 1 && words[i].IsNumber && words[i].Text.Length <= 6)
                return (string.Join(' ', words.Skip(index).Take(i + 1 - index).Select(word => Shown(text, word))), i + 1);
        }
        return null;
    }

    private static bool IsStreetName(Word word) =>
        !NotStreets.Contains(word.Text) && !Vocabulary.Fillers.Contains(word.Text)
        && (!Vocabulary.Empty.Contains(word.Text) || Directions.Contains(word.Text) || word.Text is "la" or "el" or "las" or "los" or "del" or "de" or "first")
        && !(word.IsNumber && word.Text.Length > 3);

    private static int AfterDirection(string text, IReadOnlyList<Word> words, int i) =>
        i < words.Count && Directions.Contains(words[i].Text) && Adjoins(text, words, i) ? i + 1 : i;

    private static int AfterUnit(string text, IReadOnlyList<Word> words, int i)
    {
        if (i + 1 < words.Count && Units.Contains(words[i].Text) && Near(text, words, i) && (words[i + 1].Text.Any(char.IsDigit) || words[i + 1].Text.Length == 1))
            return i + 2;
        if (i + 1 < words.Count && Units.Contains(words[i].Text) && Near(text, words, i) && SpokenDigits.Read(words, i + 1) is { } spoken)
            return spoken.Next;
        return i < words.Count && i > 0 && words[i].IsNumber && text[words[i - 1].End..words[i].Start].Trim() is "#" or ", #" ? i + 1 : i;
    }

    // A town, a state and a postal code, as far as they are written with capitals or digits.
    private static int AfterTown(string text, IReadOnlyList<Word> words, int i)
    {
        var from = i < words.Count && words[i].Text is "in" or "en" && Near(text, words, i) ? i + 1 : i;
        var next = from;
        while (next < words.Count && next - from < MostTownWords && Near(text, words, next) && words[next].StartsUpper(text)
            && !Vocabulary.Empty.Contains(words[next].Text) && !Units.Contains(words[next].Text))
            next++;
        if (next == from)
            return i;
        return next < words.Count && Near(text, words, next) && words[next] is { IsNumber: true, Text.Length: 5 } ? next + 1 : next;
    }

    private static string Town(string text, IReadOnlyList<Word> words, int from, int to)
    {
        var first = words[from].Text is "in" or "en" ? from + 1 : from;
        return text[words[first].Start..words[to - 1].End];
    }

    /// <summary>Nothing but a space, or the dot of an abbreviation, stands before the word.</summary>
    private static bool Adjoins(string text, IReadOnlyList<Word> words, int i) =>
        i == 0 || text[words[i - 1].End..words[i].Start].All(mark => mark is ' ' or '.' or '-') && (words[i - 1].End >= text.Length || text[words[i - 1].End] != '.'
            || Suffixes.Contains(words[i - 1].Text) || Directions.Contains(words[i - 1].Text));

    private static bool Near(string text, IReadOnlyList<Word> words, int i) =>
        i > 0 && text[words[i - 1].End..words[i].Start].All(mark => mark is ' ' or ',' or '#' or '.')
        && (text[words[i - 1].End] != '.' || Suffixes.Contains(words[i - 1].Text));

    private static string Shown(string text, Word word)
    {
        var written = text[word.Start..word.End];
        return char.ToUpperInvariant(written[0]) + written[1..];
    }

    private static FrozenSet<string> Set(string words) => words.Split(' ').ToFrozenSet(StringComparer.Ordinal);
}
