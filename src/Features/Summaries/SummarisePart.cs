using System.Text.Json;
using Dapr.Workflow;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Summaries.Engines;
using MediatR;

namespace KestrelVoice.Features.Summaries;

internal static class SummarisePart
{
    public sealed record Command(Guid TenantId, Guid CallId, int Part, bool Offline, string? Problem) : IRequest<string?>;

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.TenantId).NotEmpty();
            RuleFor(command => command.CallId).NotEmpty();
            RuleFor(command => command.Part).GreaterThan(0);
        }
    }

    internal sealed class Handler(TenantDatabase database, SummaryEngines engines) : IRequestHandler<Command, string?>
    {
        private const string Find =
            """
            select first_turn, last_turn
            from call_summary_parts
            where tenant_id = @TenantId and call_id = @CallId and number = @Part and notes is null
              and exists (select from call_summaries where tenant_id = @TenantId and call_id = @CallId and status = 'running')
            """;

        // Whoever comes first: the one that came too late to be waited for has written for nobody.
        private const string Keep =
            """
            update call_summary_parts
            set notes = @Notes::jsonb, engine = @Engine, model = @Model, engine_problem = @Problem
            where tenant_id = @TenantId and call_id = @CallId and number = @Part and notes is null
            """;

        private sealed record Row(int FirstTurn, int LastTurn);

        public async Task<string?> Handle(Command command, CancellationToken cancellationToken)
        {
            var row = await database.ReadAsync(
                command.TenantId, Find, new { command.CallId, command.Part }, results => results.ReadSingleOrDefaultAsync<Row?>(), cancellationToken);
            if (row is null
                || await CallWords.ReadAsync(database, command.TenantId, command.CallId, row.FirstTurn, row.LastTurn, cancellationToken) is not { } words)
                return null;
            if (engines.Choose(command.Offline) is not { } engine)
                return EngineProblem.Unavailable;

            try
            {
                var notes = await engine.TakeNotesAsync(new Question.TakeNotes(words.Context, words.Turns), cancellationToken);
                var speakers = words.Turns.ToDictionary(said => said.Turn, said => said.Speaker);
                var kept = new PartNotes([.. notes.Points.Select(point => new Said(point.Turn, speakers[point.Turn], point.Text))], notes.Findings);
                await using var transaction = await database.BeginAsync(command.TenantId, cancellationToken);
                await transaction.ExecuteAsync(
                    Keep,
                    new { command.CallId, command.Part, Notes = JsonSerializer.Serialize(kept, SummaryEngine.Json), Engine = engine.Name, engine.Model, command.Problem },
                    cancellationToken);
                await transaction.CommitAsync(cancellationToken);
                return null;
            }
            catch (EngineException failed) when (!command.Offline)
            {
                return failed.Problem;
            }
        }
    }
}

/// <summary>What is kept of a part until the summary is there.</summary>
internal sealed record PartNotes(IReadOnlyList<Said> Points, Findings Findings)
{
    public static PartNotes Read(string json) => JsonSerializer.Deserialize<PartNotes>(json, SummaryEngine.Json)!;
}

internal sealed class SummarisePartActivity(IMediator mediator) : WorkflowActivity<SummaryStep, string?>
{
    public override Task<string?> RunAsync(WorkflowActivityContext context, SummaryStep input) =>
        mediator.Send(new SummarisePart.Command(input.TenantId, input.CallId, input.Part, input.Offline, input.Problem));
}
