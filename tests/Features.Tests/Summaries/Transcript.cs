using KestrelVoice.Contracts;
using KestrelVoice.Features.Summaries;
using KestrelVoice.Features.Summaries.Engines;
using KestrelVoice.Features.Summaries.Offline;
using Microsoft.Extensions.Logging.Abstractions;

namespace KestrelVoice.Features.Tests.Summaries;

/// <summary>A conversation written as "C: ..." and "R: ..." lines, and what the offline engine makes of it without a database.</summary>
internal static class Transcript
{
    public static readonly SummaryEngine Offline = new(SummaryEngines.OfflineName, null, new OfflineChatClient(), NullLogger<SummaryEngine>.Instance);

    public static readonly CallContext Context = new("message_taken", "+15035559876", "US", []);

    public static IReadOnlyList<Said> Read(string lines) =>
    [
        .. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select((line, index) =>
            new Said(index + 1, line[0] == 'C' ? Speaker.Caller : Speaker.Receptionist, line[2..].Trim())),
    ];

    public static async Task<(string Summary, Findings Fields)> SummariseAsync(IReadOnlyList<Said> turns, CallContext? context = null)
    {
        var call = context ?? Context;
        var notes = new List<(IReadOnlyList<Said> Turns, Notes Notes)>();
        foreach (var (first, last) in SplitCall.Stretches([.. turns.Select(said => (said.Turn, said.Text.Length))]))
        {
            var part = turns.Where(said => said.Turn >= first && said.Turn <= last).ToList();
            notes.Add((part, await Offline.TakeNotesAsync(new Question.TakeNotes(call, part), CancellationToken.None)));
        }
        var points = notes.SelectMany(part => part.Notes.Points.Select(point =>
            new Said(point.Turn, part.Turns.Single(said => said.Turn == point.Turn).Speaker, point.Text))).ToList();
        var summary = await Offline.CombineAsync(new Question.Combine(call, points), CancellationToken.None);
        var fields = await Offline.ExtractAsync(
            new Question.Extract(call, [.. notes.Select(part => part.Notes.Findings)]), turns.ToDictionary(said => said.Turn), CancellationToken.None);
        return (summary, fields);
    }
}
