using System.ComponentModel;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.Idempotency;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Appointments;

internal static class ReleaseHold
{
    public sealed record Command(string Id) : IRequest<Outcome>;

    public enum Outcome
    {
        Released,
        NotFound,
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator() => RuleFor(command => command.Id).Must(id => TypeId.TryParse(TypeId.Appointment, id, out _))
            .WithMessage("id is appt_ and 26 characters, or a UUID.");
    }

    internal sealed class Handler(TenantDatabase database, IdempotentRequest request, Principal principal) : IRequestHandler<Command, Outcome>
    {
        private const string Release = "delete from appointments where tenant_id = @TenantId and id = @Id and status = 'held'";

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            var released = await transaction.ExecuteAsync(Release, new { Id = TypeId.Parse(TypeId.Appointment, command.Id) }, cancellationToken);
            if (released == 0)
                return Outcome.NotFound;
            await request.CommitAsync(transaction, cancellationToken);
            return Outcome.Released;
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapDelete("/api/appointments/holds/{id}", Handle)
            .WithName(nameof(ReleaseHold)).WithTags("Appointments").WithSummary("Release a hold; its time is free again")
            .TakesIdempotencyKey()
            .RequireAuthorization(Policies.Write);
    }

    internal static async Task<Results<NoContent, ProblemHttpResult>> Handle(
        [Description("appt_… or the bare UUID.")] string id, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Command(id), cancellationToken) == Outcome.Released
            ? TypedResults.NoContent()
            : Problems.NotFound("There is no such hold, or none any more.");
}
