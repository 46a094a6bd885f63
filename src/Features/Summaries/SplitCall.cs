using Dapr.Workflow;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Summaries.Engines;
using MediatR;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Summaries;

internal static class SplitCall
{
    /// <summary>About a quarter of an hour of talk; small enough for a model with a small window.</summary>
    internal const int LettersInPart = 8_000;

    /// <summary>A workflow's history grows with its steps: of a very long call the parts get longer instead.</summary>
    internal const int MostParts = 48;

    public sealed record Command(Guid TenantId, Guid CallId) : IRequest<SummaryPlan>;

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.TenantId).NotEmpty();
            RuleFor(command => command.CallId).NotEmpty();
        }
    }

    internal sealed class Handler(TenantDatabase database, IOptions<SummarySettings> settings, TimeProvider clock) : IRequestHandler<Command, SummaryPlan>
    {
        private const string Begin =
            """
            insert into call_summaries (tenant_id, call_id, status, started_at)
            select @TenantId, call_id, 'running', @Now
            from call_results
            where tenant_id = @TenantId and call_id = @CallId and status <> 'in-progress'
            on conflict (tenant_id, call_id) do nothing
            """;

        // The lock makes a repeated step wait for the first one, and find its parts.
        private const string Lock = "select status from call_summaries where tenant_id = @TenantId and call_id = @CallId for update";

        private const string Measure =
            """
            select sequence, length(text) as letters
            from call_turns
            where tenant_id = @TenantId and call_id = @CallId and not keys and text ~ '\S'
            order by sequence
            """;

        private const string Count = "select count(*)::integer from call_summary_parts where tenant_id = @TenantId and call_id = @CallId";

        private const string Add =
            """
            insert into call_summary_parts (tenant_id, call_id, number, first_turn, last_turn)
            select @TenantId, @CallId, part.number, part.first_turn, part.last_turn
            from unnest(@Numbers, @FirstTurns, @LastTurns) as part (number, first_turn, last_turn)
            """;

        // What callers say in a sandbox is told to nobody's model either.
        private const string MayAskModel = "select reaches_outside(@TenantId)";

        private sealed record Turn(int Sequence, int Letters);

        public async Task<SummaryPlan> Handle(Command command, CancellationToken cancellationToken)
        {
            await using var transaction = await database.BeginAsync(command.TenantId, cancellationToken);
            await transaction.ExecuteAsync(Begin, new { command.CallId, Now = clock.GetUtcNow().UtcDateTime }, cancellationToken);
            if (await transaction.QuerySingleOrDefaultAsync<string>(Lock, new { command.CallId }, cancellationToken) != "running")
                return new SummaryPlan(AlreadyOver: true, Parts: 0, UsesModel: false, settings.Value.TimeLimit);

            var parts = await transaction.QuerySingleOrDefaultAsync<int>(Count, new { command.CallId }, cancellationToken);
            if (parts == 0)
            {
                var turns = await transaction.QueryAsync<Turn>(Measure, new { command.CallId }, cancellationToken);
                var stretches = Stretches([.. turns.Select(turn => (turn.Sequence, turn.Letters))]);
                parts = stretches.Count;
                await transaction.ExecuteAsync(Add, new
                {
                    command.CallId,
                    Numbers = Enumerable.Range(1, parts).ToArray(),
                    FirstTurns = stretches.Select(stretch => stretch.First).ToArray(),
                    LastTurns = stretches.Select(stretch => stretch.Last).ToArray(),
                }, cancellationToken);
            }
            var usesModel = settings.Value.UsesModel && parts > 0
                && await transaction.QuerySingleOrDefaultAsync<bool>(MayAskModel, null, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return new SummaryPlan(AlreadyOver: false, parts, usesModel, settings.Value.TimeLimit);
        }
    }

    /// <summary>Whole turns, as many as fit.</summary>
    internal static IReadOnlyList<(int First, int Last)> Stretches(IReadOnlyList<(int Sequence, int Letters)> turns)
    {
        var most = Math.Max(LettersInPart, 2 * turns.Sum(turn => turn.Letters) / MostParts);
        var stretches = new List<(int First, int Last)>();
        var letters = 0;
        foreach (var (sequence, length) in turns)
        {
            if (stretches.Count == 0 || letters + length > most)
            {
                stretches.Add((sequence, sequence));
                letters = 0;
            }
            stretches[^1] = (stretches[^1].First, sequence);
            letters += length;
        }
        return stretches;
    }
}

internal sealed class SplitCallActivity(IMediator mediator) : WorkflowActivity<SummariseCallWorkflow.Input, SummaryPlan>
{
    public override Task<SummaryPlan> RunAsync(WorkflowActivityContext context, SummariseCallWorkflow.Input input) =>
        mediator.Send(new SplitCall.Command(input.TenantId, input.CallId));
}
