using System.ComponentModel;
using System.Diagnostics;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Audit;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.Idempotency;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Appointments.Services;

/// <summary>It is offered no more. Its appointments keep its name, and take place.</summary>
internal static class DeleteService
{
    public sealed record Command(string Id) : IRequest<Outcome>;

    public enum Outcome
    {
        Archived,
        NotFound,
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator() => RuleFor(command => command.Id).Must(ScheduleRules.IsService).WithMessage(ScheduleRules.ServiceIdRule);
    }

    internal sealed class Handler(TenantDatabase database, Principal principal, AuditLog audit, IdempotentRequest request, TimeProvider clock)
        : IRequestHandler<Command, Outcome>
    {
        private const string Archive = "update services set archived_at = @Now where tenant_id = @TenantId and id = @Id and archived_at is null";
        private const string Find = "select 1 from services where tenant_id = @TenantId and id = @Id";

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            var id = TypeId.Parse(TypeId.Service, command.Id);
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            await transaction.ExecuteAsync(ScheduleRules.OneAtATime, null, cancellationToken);
            if (await transaction.ExecuteAsync(Archive, new { Id = id, Now = clock.GetUtcNow().UtcDateTime }, cancellationToken) > 0)
                await audit.AddAsync(transaction, AuditActions.ServiceArchived, TypeId.Format(TypeId.Service, id), detail: null, cancellationToken);
            else if (await transaction.QuerySingleOrDefaultAsync<int?>(Find, new { Id = id }, cancellationToken) is null)
                return Outcome.NotFound;
            await request.CommitAsync(transaction, cancellationToken);
            return Outcome.Archived;
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapDelete("/api/services/{id}", Handle)
            .WithName(nameof(DeleteService)).WithTags("Schedule").WithSummary("Offer a service no more; its appointments stay")
            .TakesIdempotencyKey()
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<NoContent, ProblemHttpResult>> Handle(
        [Description("svc_… or the bare UUID.")] string id, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Command(id), cancellationToken) switch
        {
            Outcome.Archived => TypedResults.NoContent(),
            Outcome.NotFound => Problems.NotFound("There is no such service."),
            _ => throw new UnreachableException(),
        };
}
