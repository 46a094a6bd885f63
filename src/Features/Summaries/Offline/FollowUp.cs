using KestrelVoice.Contracts;
using KestrelVoice.Features.Summaries.Engines;

namespace KestrelVoice.Features.Summaries.Offline;

/// <summary>What is to happen next: the last thing that was promised, else what the caller asked for.</summary>
internal static class FollowUp
{
    public static Finding? Find(IReadOnlyList<Sentence> sentences)
    {
        if (sentences.LastOrDefault(IsPromise) is { } promise)
            return Finding(promise, 0.9);
        return sentences.LastOrDefault(sentence => sentence.Speaker == Speaker.Caller && Vocabulary.Request.OccursIn(sentence.Words)) is { } request
            ? Finding(request, 0.5)
            : null;
    }

    public static bool IsPromise(Sentence sentence) =>
        sentence is { Speaker: Speaker.Receptionist, IsQuestion: false }
        && Vocabulary.Promise.OccursIn(sentence.Words)
        && !Vocabulary.Conditional.OccursIn(sentence.Words);

    private static Finding Finding(Sentence sentence, double confidence) => new(sentence.Tidied(), sentence.Turn, sentence.Text, confidence);
}
