using KestrelVoice.Contracts;

namespace KestrelVoice.Features.Summaries.Offline;

/// <summary>Which sentences of a conversation matter most.</summary>
internal static class Ranking
{
    // Two sentences that share more of their words than this say the same.
    private const double MostOverlap = 0.5;

    /// <summary>The best ones, in the order in which they were said.</summary>
    public static IReadOnlyList<Sentence> Best(IReadOnlyList<Sentence> sentences, int count)
    {
        var scores = Score(sentences);
        var chosen = new List<int>(count);
        foreach (var candidate in Enumerable.Range(0, sentences.Count).Where(index => scores[index] > 0).OrderByDescending(index => scores[index]).ThenBy(index => index))
        {
            if (chosen.Count == count)
                break;
            if (chosen.TrueForAll(other => Overlap(sentences[candidate], sentences[other]) <= MostOverlap))
                chosen.Add(candidate);
        }
        return [.. chosen.Order().Select(index => sentences[index])];
    }

    public static double[] Score(IReadOnlyList<Sentence> sentences)
    {
        var frequency = sentences
            .Where(sentence => sentence.Speaker == Speaker.Caller)
            .SelectMany(sentence => sentence.Content)
            .CountBy(stem => stem, StringComparer.Ordinal)
            .ToDictionary(StringComparer.Ordinal);
        var callerSentences = 0;
        var scores = new double[sentences.Count];
        for (var i = 0; i < sentences.Count; i++)
        {
            var sentence = sentences[i];
            if (sentence.Words.Count == 0)
                continue;
            scores[i] = Worth(sentence, frequency);
            // Callers say first what they need.
            if (sentence is { Speaker: Speaker.Caller, Content.Count: >= 2 })
                scores[i] += 2.0 / ++callerSentences;
        }
        return scores;
    }

    private static double Worth(Sentence sentence, Dictionary<string, int> frequency)
    {
        var density = sentence.Content.Sum(stem => Math.Log(1 + frequency.GetValueOrDefault(stem))) / Math.Sqrt(sentence.Words.Count + 4);
        var worth = density
            + 0.4 * Math.Min(3, sentence.Words.Count(word => Vocabulary.Trade.Contains(word.Text)))
            + 0.5 * Math.Min(2, Vocabulary.Appointment.CountIn(sentence.Words))
            + (UrgencyCue.Alarms(sentence).Any() ? 4 : 0)
            - 1.5 * Vocabulary.Courtesy.CountIn(sentence.Words);
        if (sentence.Content.Count < 2)
            worth *= 0.4;
        // Numbers are fields; read out in a summary they tell nothing.
        if (sentence.Words.Where((_, index) => SpokenDigits.Read(sentence.Words, index) is not null).Count() * 3 > sentence.Words.Count)
            worth *= 0.3;

        return sentence.Speaker switch
        {
            Speaker.Caller => worth + 1.5 * Math.Min(2, Vocabulary.Reason.CountIn(sentence.Words)) + (Vocabulary.Request.OccursIn(sentence.Words) ? 0.5 : 0),
            Speaker.Receptionist when FollowUp.IsPromise(sentence) => worth * 0.5 + 1.5,
            Speaker.Receptionist => sentence.IsQuestion || worth <= 0 ? 0 : worth * 0.2,
            _ => throw new ArgumentOutOfRangeException(nameof(sentence), sentence.Speaker, "Unknown speaker."),
        };
    }

    private static double Overlap(Sentence one, Sentence other)
    {
        var common = one.Content.Count(other.Content.Contains);
        return common == 0 ? 0 : (double)common / Math.Min(one.Content.Count, other.Content.Count);
    }
}
