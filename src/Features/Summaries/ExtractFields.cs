using System.Text.Json;
using Dapr.Workflow;
using FluentValidation;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Summaries.Engines;
using MediatR;

namespace KestrelVoice.Features.Summaries;

internal static class ExtractFields
{
    public sealed record Command(Guid TenantId, Guid CallId, bool Offline, string? Problem) : IRequest<string?>;

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.TenantId).NotEmpty();
            RuleFor(command => command.CallId).NotEmpty();
        }
    }

    internal sealed class Handler(TenantDatabase database, SummaryEngines engines) : IRequestHandler<Command, string?>
    {
        private const string Find =
            """
            select 1
            from call_summaries
            where tenant_id = @TenantId and call_id = @CallId and status = 'running' and fields is null;
            select notes::text
            from call_summary_parts
            where tenant_id = @TenantId and call_id = @CallId and notes is not null
            order by number
            """;

        private const string Keep =
            """
            update call_summaries
            set fields = @Fields::jsonb, fields_problem = @Problem
            where tenant_id = @TenantId and call_id = @CallId and status = 'running' and fields is null
            """;

        public async Task<string?> Handle(Command command, CancellationToken cancellationToken)
        {
            var (wanted, parts) = await database.ReadAsync(
                command.TenantId, Find, new { command.CallId },
                async results => (await results.ReadSingleOrDefaultAsync<int?>() is not null, (await results.ReadAsync<string>()).Select(PartNotes.Read).ToList()),
                cancellationToken);
            if (!wanted
                || await CallWords.ReadAsync(database, command.TenantId, command.CallId, int.MinValue, int.MaxValue, cancellationToken) is not { } words)
                return null;
            if (engines.Choose(command.Offline) is not { } engine)
                return EngineProblem.Unavailable;

            try
            {
                var chosen = await ChooseAsync(engine, words, [.. parts.Select(part => part.Findings)], cancellationToken);
                var fields = new SummaryFields(
                    Field(chosen.Reason), Field(chosen.CustomerName), Field(chosen.Address), Field(chosen.Phone), Urgency(chosen.Urgency, words), Outcome(words),
                    Field(chosen.FollowUp));
                await using var transaction = await database.BeginAsync(command.TenantId, cancellationToken);
                await transaction.ExecuteAsync(
                    Keep, new { command.CallId, Fields = JsonSerializer.Serialize(fields, SummaryEngine.Json), command.Problem }, cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                return null;
            }
            catch (EngineException failed) when (!command.Offline)
            {
                return failed.Problem;
            }
        }

        private static async Task<Findings> ChooseAsync(
            SummaryEngine engine, CallWords words, IReadOnlyList<Findings> candidates, CancellationToken cancellationToken)
        {
            var cited = candidates.SelectMany(findings => findings.Each()).Select(finding => finding.Turn).ToHashSet();
            return cited.Count == 0
                ? Findings.None
                : await engine.ExtractAsync(
                    new Question.Extract(words.Context, candidates),
                    words.Turns.Where(said => cited.Contains(said.Turn)).ToDictionary(said => said.Turn), cancellationToken);
        }

        // The receptionist's own judgement, made while it mattered; nobody talks a model out of it.
        private static SummaryField? Urgency(Finding? chosen, CallWords words)
        {
            if (chosen?.Value == UrgencyText.Emergency || words.Context.Emergencies is not [var mark, ..])
                return Field(chosen);
            return new SummaryField(
                UrgencyText.Emergency, mark.Turn,
                AnswerRules.Clip(words.Turns.First(said => said.Turn == mark.Turn && said.Speaker == Speaker.Caller).Text, AnswerRules.LongestValue));
        }

        private static SummaryField? Outcome(CallWords words) =>
            words.Context.Outcome is { } outcome ? new SummaryField(outcome, words.Turns is [.., var last] ? last.Turn : null, Quote: null) : null;

        private static SummaryField? Field(Finding? finding) => finding is null ? null : new SummaryField(finding.Value, finding.Turn, finding.Quote);
    }
}

internal sealed class ExtractFieldsActivity(IMediator mediator) : WorkflowActivity<SummaryStep, string?>
{
    public override Task<string?> RunAsync(WorkflowActivityContext context, SummaryStep input) =>
        mediator.Send(new ExtractFields.Command(input.TenantId, input.CallId, input.Offline, input.Problem));
}
