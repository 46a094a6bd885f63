using Dapr.Workflow;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Summaries.Engines;
using MediatR;

namespace KestrelVoice.Features.Summaries;

internal static class CombineParts
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
            where tenant_id = @TenantId and call_id = @CallId and status = 'running' and summary is null;
            select notes::text
            from call_summary_parts
            where tenant_id = @TenantId and call_id = @CallId and notes is not null
            order by number
            """;

        private const string Keep =
            """
            update call_summaries
            set summary = @Summary, engine = @Engine, model = @Model, engine_problem = @Problem
            where tenant_id = @TenantId and call_id = @CallId and status = 'running' and summary is null
            """;

        public async Task<string?> Handle(Command command, CancellationToken cancellationToken)
        {
            var (wanted, parts) = await database.ReadAsync(
                command.TenantId, Find, new { command.CallId },
                async results => (await results.ReadSingleOrDefaultAsync<int?>() is not null, (await results.ReadAsync<string>()).Select(PartNotes.Read).ToList()),
                cancellationToken);
            if (!wanted
                || await CallWords.ReadAsync(database, command.TenantId, command.CallId, first: 0, last: -1, cancellationToken) is not { } words)
                return null;
            var points = parts.SelectMany(part => part.Points).ToList();
            // Of nothing, the offline engine says that it is nothing; a model might make something up.
            if (engines.Choose(command.Offline || points.Count == 0) is not { } engine)
                return EngineProblem.Unavailable;

            try
            {
                var summary = await engine.CombineAsync(new Question.Combine(words.Context, points), cancellationToken);
                await using var transaction = await database.BeginAsync(command.TenantId, cancellationToken);
                await transaction.ExecuteAsync(
                    Keep, new { command.CallId, Summary = summary, Engine = engine.Name, engine.Model, command.Problem }, cancellationToken);
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

internal sealed class CombinePartsActivity(IMediator mediator) : WorkflowActivity<SummaryStep, string?>
{
    public override Task<string?> RunAsync(WorkflowActivityContext context, SummaryStep input) =>
        mediator.Send(new CombineParts.Command(input.TenantId, input.CallId, input.Offline, input.Problem));
}
