using KestrelVoice.Contracts;
using KestrelVoice.Features.Summaries.Engines;

namespace KestrelVoice.Features.Summaries.Offline;

/// <summary>How much of a hurry there is.</summary>
internal static class UrgencyCue
{
    private const int ReachOfDenial = 3;

    public static Finding? Find(IReadOnlyList<Sentence> sentences, CallContext call)
    {
        var spoken = sentences.Where(sentence => sentence.Speaker == Speaker.Caller).ToList();
        foreach (var mark in call.Emergencies)
        {
            if (spoken.Where(sentence => sentence.Turn == mark.Turn).MaxBy(sentence => Shared(sentence, mark.Phrase)) is { } marked)
                return Finding(UrgencyText.Emergency, marked, 1);
        }
        return First(spoken, sentence => Alarms(sentence).Any(), UrgencyText.Emergency, 0.9)
            ?? First(spoken, sentence => Vocabulary.WrongNumber.OccursIn(sentence.Words), UrgencyText.Low, 0.8)
            // "No rush, whenever you can today": whoever says that there is no hurry means it.
            ?? First(spoken, sentence => Vocabulary.Low.OccursIn(sentence.Words), UrgencyText.Low, 0.7)
            ?? First(spoken, sentence => Vocabulary.High.OccursIn(sentence.Words), UrgencyText.High, 0.6)
            ?? First(spoken, sentence => sentence.Content.Count >= 2, UrgencyText.Normal, 0.2);
    }

    /// <summary>Where a sentence tells of an emergency, and does not deny it.</summary>
    public static IEnumerable<int> Alarms(Sentence sentence) => Vocabulary.Emergency.In(sentence.Words)
        .Select(found => found.First)
        .Where(first => !sentence.Words.Skip(Math.Max(0, first - ReachOfDenial)).Take(Math.Min(first, ReachOfDenial))
            .Any(word => Vocabulary.Denials.Contains(word.Text)));

    private static Finding? First(List<Sentence> sentences, Predicate<Sentence> shows, string urgency, double confidence) =>
        sentences.Find(shows) is { } found ? Finding(urgency, found, confidence) : null;

    private static Finding Finding(string urgency, Sentence sentence, double confidence) => new(urgency, sentence.Turn, sentence.Text, confidence);

    private static int Shared(Sentence sentence, string phrase)
    {
        var wanted = Word.Of(phrase).Select(word => word.Stem()).ToHashSet(StringComparer.Ordinal);
        return sentence.Words.Count(word => wanted.Contains(word.Stem()));
    }
}
