using KestrelVoice.Contracts;
using KestrelVoice.Features.Summaries.Engines;

namespace KestrelVoice.Features.Summaries.Offline;

/// <summary>Why somebody called, in their own words.</summary>
internal static class CallReason
{
    // A score at which nothing else is likely to be the reason.
    private const double Certain = 8;

    public static Finding? Find(IReadOnlyList<Sentence> sentences)
    {
        var caller = sentences.Where(sentence => sentence.Speaker == Speaker.Caller && sentence.Words.Count > 0).ToList();
        var scores = Ranking.Score(caller);
        var best = Enumerable.Range(0, caller.Count)
            .Where(index => scores[index] > 0 && SaysWhat(caller[index]))
            .OrderByDescending(index => scores[index] + (Vocabulary.WrongNumber.OccursIn(caller[index].Words) ? Certain : 0))
            .ThenBy(index => index)
            .Select(index => (int?)index)
            .FirstOrDefault();
        if (best is not { } chosen)
            return null;
        var cue = Vocabulary.Reason.OccursIn(caller[chosen].Words) || UrgencyCue.Alarms(caller[chosen]).Any() ? 1 : 0.5;
        return new Finding(caller[chosen].Tidied(), caller[chosen].Turn, caller[chosen].Text, cue * Math.Min(1, scores[chosen] / Certain));
    }

    // Names, addresses and numbers are said of whoever calls, not of what for.
    private static bool SaysWhat(Sentence sentence) =>
        sentence.Content.Count > 0
        && (Vocabulary.Reason.OccursIn(sentence.Words)
            || sentence.Words.Any(word => Vocabulary.Trade.Contains(word.Text))
            || !(CallerName.Introduces(sentence) || CallbackNumber.IsCue(sentence)));
}
