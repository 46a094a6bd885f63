using KestrelVoice.Contracts;
using KestrelVoice.Features.Summaries.Engines;

namespace KestrelVoice.Features.Summaries.Offline;

/// <summary>Answers by choosing among the words that were said. The same question always gets the same answer.</summary>
internal static class OfflineAnswers
{
    private const int PointsInNotes = 5;
    private const int FewestInSummary = 4;
    private const int MostInSummary = 8;

    public static Notes To(Question.TakeNotes question)
    {
        var sentences = question.Turns.SelectMany(Sentence.Of).ToList();
        return new Notes(
            [.. Ranking.Best(sentences, PointsInNotes).Select(sentence => new Point(sentence.Turn, sentence.Tidied()))],
            new Findings(
                CallReason.Find(sentences),
                CallerName.Find(question.Turns),
                StreetAddress.Find(question.Turns),
                CallbackNumber.Find(question.Turns, question.Call),
                UrgencyCue.Find(sentences, question.Call),
                FollowUp.Find(sentences)));
    }

    public static Combination To(Question.Combine question)
    {
        var sentences = question.Points.SelectMany(Sentence.Of).ToList();
        var wanted = Math.Clamp(FewestInSummary + sentences.Count / 10, FewestInSummary, MostInSummary);
        var said = Ranking.Best(sentences, wanted)
            .Aggregate(new List<(Speaker Speaker, List<string> Quotes)>(), (stretches, sentence) =>
            {
                if (stretches.Count == 0 || stretches[^1].Speaker != sentence.Speaker)
                    stretches.Add((sentence.Speaker, []));
                stretches[^1].Quotes.Add($"“{AnswerRules.Clip(sentence.Tidied(), AnswerRules.LongestPoint)}”");
                return stretches;
            })
            .Select(stretch => $"{Who(stretch.Speaker)} said: {string.Join(' ', stretch.Quotes)}")
            .ToList();
        if (said.Count == 0)
            said.Add("Nothing was said that tells what the call was about.");
        return new Combination(string.Join(' ', said.Append(Ending(question.Call.Outcome))));
    }

    public static Findings To(Question.Extract question) => new(
        Best(question, findings => findings.Reason),
        Best(question, findings => findings.CustomerName),
        Best(question, findings => findings.Address),
        // Corrected numbers and newer promises come later.
        Best(question, findings => findings.Phone, latest: true),
        MostUrgent(question),
        Best(question, findings => findings.FollowUp, latest: true));

    /// <summary>What a call came to, in a sentence.</summary>
    public static string Ending(string? outcome) => outcome switch
    {
        "message_taken" => "The receptionist took the message.",
        "transferred" => "The caller was put through to a person.",
        "voicemail" => "The caller left a voicemail.",
        "escalated" => "The emergency was put through to whoever is on call.",
        "abandoned" => "The caller hung up before saying what it was about.",
        "no_answer" => "Nobody could be reached.",
        "failed" => "The call failed before it was answered.",
        _ => "The call is over.",
    };

    private static Finding? Best(Question.Extract question, Func<Findings, Finding?> member, bool latest = false)
    {
        var candidates = question.Candidates.Select(member).OfType<Finding>().OrderByDescending(finding => finding.Confidence ?? 0);
        return latest
            ? candidates.ThenByDescending(finding => finding.Turn).FirstOrDefault()
            : candidates.ThenBy(finding => finding.Turn).FirstOrDefault();
    }

    private static Finding? MostUrgent(Question.Extract question)
    {
        var candidates = question.Candidates.Select(findings => findings.Urgency).OfType<Finding>().ToList();
        return candidates.Where(finding => finding.Value != UrgencyText.Normal)
            .OrderByDescending(finding => finding.Confidence ?? 0).ThenBy(finding => finding.Turn)
            .FirstOrDefault() ?? candidates.FirstOrDefault();
    }

    private static string Who(Speaker speaker) => speaker == Speaker.Caller ? "The caller" : "The receptionist";
}
