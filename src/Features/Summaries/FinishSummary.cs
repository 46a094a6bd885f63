using Dapr.Workflow;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using MediatR;

namespace KestrelVoice.Features.Summaries;

internal static class FinishSummary
{
    public sealed record Command(Guid TenantId, Guid CallId, bool Failed) : IRequest<Outcome>;

    public enum Outcome
    {
        Done,
        DoneBefore,
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.TenantId).NotEmpty();
            RuleFor(command => command.CallId).NotEmpty();
        }
    }

    internal sealed class Handler(TenantDatabase database, TimeProvider clock) : IRequestHandler<Command, Outcome>
    {
        private const string Finish =
            """
            update call_summaries
            set status = @Status, finished_at = @Now
            where tenant_id = @TenantId and call_id = @CallId and status = 'running'
            """;

        private const string ForgetNotes =
            "update call_summary_parts set notes = null where tenant_id = @TenantId and call_id = @CallId and notes is not null";

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            await using var transaction = await database.BeginAsync(command.TenantId, cancellationToken);
            var finished = await transaction.ExecuteAsync(
                Finish, new { command.CallId, Status = command.Failed ? "failed" : "ready", Now = clock.GetUtcNow().UtcDateTime }, cancellationToken);
            if (finished == 0)
                return Outcome.DoneBefore;
            await transaction.ExecuteAsync(ForgetNotes, new { command.CallId }, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return Outcome.Done;
        }
    }
}

internal sealed class FinishSummaryActivity(IMediator mediator) : WorkflowActivity<SummaryEnd, FinishSummary.Outcome>
{
    public override Task<FinishSummary.Outcome> RunAsync(WorkflowActivityContext context, SummaryEnd input) =>
        mediator.Send(new FinishSummary.Command(input.TenantId, input.CallId, input.Failed));
}
