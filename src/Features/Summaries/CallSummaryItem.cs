using System.ComponentModel;
using System.Text.Json;
using Dapper;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Summaries.Engines;

namespace KestrelVoice.Features.Summaries;

public enum SummaryStatus
{
    Running,
    Ready,
    Failed,
}

/// <summary>The long summary of a call as the API shows it. While it is running, only call_id and status say something.</summary>
public sealed record CallSummaryItem(
    string CallId,
    SummaryStatus Status,
    [property: Description("Plain text, up to 4,000 characters.")] string? Summary,
    [property: Description("Why the caller called.")] SummaryField? Reason,
    SummaryField? CustomerName,
    [property: Description("Where the work is to be done.")] SummaryField? Address,
    [property: Description("The number that the caller gave to be called back, E.164.")] SummaryField? Phone,
    [property: Description("low, normal, high or emergency.")] SummaryField? Urgency,
    [property: Description("As in the call log; turn is the last thing that was said.")] SummaryField? Outcome,
    [property: Description("What was promised or asked for to happen next.")] SummaryField? FollowUp,
    [property: Description("Who wrote the text.")] SummaryAuthor? Engine,
    [property: Description("True when the offline engine stood in for the model, for the whole or for a part.")] bool FellBack,
    [property: Description("unavailable, refused, timeout, truncated, invalid_answer or time_limit; null unless fell_back.")] string? FallbackReason,
    [property: Description("When it became ready, UTC.")] DateTime? CreatedAt,
    [property: Description("The stretches of turns that were summarised side by side.")] IReadOnlyList<SummaryPart> Parts)
{
    /// <summary>With @CallId; read by <see cref="ReadAsync"/>.</summary>
    internal const string Find =
        """
        select status, summary, engine, model, engine_problem, fields::text, fields_problem, finished_at
        from call_summaries
        where tenant_id = @TenantId and call_id = @CallId;
        select number, first_turn, last_turn, engine, model, engine_problem
        from call_summary_parts
        where tenant_id = @TenantId and call_id = @CallId
        order by number
        """;

    private sealed record Row(
        string Status, string? Summary, string? Engine, string? Model, string? EngineProblem, string? Fields, string? FieldsProblem, DateTime? FinishedAt);

    private sealed record PartRow(int Number, int FirstTurn, int LastTurn, string? Engine, string? Model, string? EngineProblem);

    /// <summary>Null when it was never started.</summary>
    internal static async Task<CallSummaryItem?> ReadAsync(Guid callId, SqlMapper.GridReader results)
    {
        var row = await results.ReadSingleOrDefaultAsync<Row>();
        var parts = (await results.ReadAsync<PartRow>()).ToList();
        if (row is null)
            return null;
        var id = TypeId.Format(TypeId.Call, callId);
        if (row.Status != "ready")
            return Unfinished(id, row.Status == "failed" ? SummaryStatus.Failed : SummaryStatus.Running);

        var fields = JsonSerializer.Deserialize<SummaryFields>(row.Fields!, SummaryEngine.Json)!;
        var problem = row.EngineProblem ?? row.FieldsProblem ?? parts.Select(part => part.EngineProblem).FirstOrDefault(found => found is not null);
        return new CallSummaryItem(
            id, SummaryStatus.Ready, row.Summary, fields.Reason, fields.CustomerName, fields.Address, fields.Phone, fields.Urgency, fields.Outcome,
            fields.FollowUp, new SummaryAuthor(row.Engine!, row.Model), problem is not null, problem, row.FinishedAt,
            [
                .. parts.Select(part => new SummaryPart(
                    part.Number, part.FirstTurn, part.LastTurn, new SummaryAuthor(part.Engine ?? SummaryEngines.OfflineName, part.Model), part.EngineProblem)),
            ]);
    }

    internal static CallSummaryItem Unfinished(string id, SummaryStatus status) =>
        new(id, status, null, null, null, null, null, null, null, null, null, false, null, null, []);
}

/// <summary>Something that was learned from a call, and from where.</summary>
public sealed record SummaryField(
    string Value,
    [property: Description("sequence of the turn that it comes from; null when nothing was said at all.")] int? Turn,
    [property: Description("The words of that turn that say so.")] string? Quote);

public sealed record SummaryAuthor(
    [property: Description("offline or openai-compatible.")] string Name,
    [property: Description("The model's name; null for the offline engine.")] string? Model);

public sealed record SummaryPart(
    int Number, int FirstTurn, int LastTurn, SummaryAuthor Engine,
    [property: Description("Why the offline engine stood in; null when it did not.")] string? FallbackReason);

/// <summary>The fields as they are stored.</summary>
internal sealed record SummaryFields(
    SummaryField? Reason, SummaryField? CustomerName, SummaryField? Address, SummaryField? Phone, SummaryField? Urgency, SummaryField? Outcome,
    SummaryField? FollowUp);
