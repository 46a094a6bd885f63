using System.ComponentModel;
using System.Diagnostics;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Audit;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Privacy;

internal static class EraseCallLog
{
    public sealed record Command(string Id) : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Erased(ErasureItem Erasure) : Outcome;

        internal sealed record NotFound : Outcome;

        internal sealed record InProgress : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator() => RuleFor(command => command.Id).Must(id => TypeId.TryParse(TypeId.Call, id, out _))
            .WithMessage("id is call_ and 26 characters, or a UUID.");
    }

    internal sealed class Handler(TenantDatabase database, Erasing erasing, AuditLog audit, Principal principal, TimeProvider clock)
        : IRequestHandler<Command, Outcome>
    {
        private const string Find =
            "select status = 'in-progress' and created_at > @Since from call_logs where tenant_id = @TenantId and id = @Id";

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            var id = TypeId.Parse(TypeId.Call, command.Id);
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            switch (await transaction.QuerySingleOrDefaultAsync<bool?>(
                Find, new { Id = id, Since = (clock.GetUtcNow() - CallsUnderWay.Longest).UtcDateTime }, cancellationToken))
            {
                case null:
                    return new Outcome.NotFound();
                case true:
                    return new Outcome.InProgress();
            }

            var erasureId = (await erasing.BeginAsync(transaction, "call", phoneNumber: null, upTo: null, cancellationToken))!.Value;
            // Somebody else was faster.
            if (await erasing.EraseCallsAsync(transaction, erasureId, [id], cancellationToken) == 0)
                return new Outcome.NotFound();
            await erasing.EndAsync(transaction, erasureId, cancellationToken);
            await audit.AddAsync(
                transaction, AuditActions.CallErased, TypeId.Format(TypeId.Call, id), TypeId.Format(TypeId.Erasure, erasureId), cancellationToken);
            var erasure = await transaction.QuerySingleOrDefaultAsync<ErasureRow>(ErasureRow.Find, new { ErasureId = erasureId }, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return new Outcome.Erased(erasure!.Shown());
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapDelete("/api/call-logs/{id}", Handle)
            .WithName(nameof(EraseCallLog)).WithTags("Privacy").WithSummary("Erase a call: what was said, its recording, and what was told of it")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<Accepted<ErasureItem>, ProblemHttpResult>> Handle(
        [Description("call_… or the bare UUID.")] string id, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Command(id), cancellationToken) switch
        {
            Outcome.Erased(var erasure) => TypedResults.Accepted($"/api/erasures/{erasure.Id}", erasure),
            Outcome.NotFound => Problems.NotFound("There is no such call log."),
            Outcome.InProgress => Problems.Conflict("The call is in progress; erase it once it is over."),
            _ => throw new UnreachableException(),
        };
}
