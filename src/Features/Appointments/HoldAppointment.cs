using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Serialization;
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

internal static class HoldAppointment
{
    private const int Alternatives = 5;

    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record Command(
        [property: Description("svc_… or the bare UUID.")] string ServiceId,
        [property: Description("When it would begin (RFC 3339), commonly one that GET /api/availability offers.")] string StartsAt,
        [property: Description("res_… or the bare UUID; whoever is free when absent.")] string? ResourceId = null)
        : IRequest<Outcome>;

    public sealed record Item(
        [property: Description("appt_…; the appointment's id once it is booked.")] string Id,
        DateTime StartsAt, DateTime EndsAt, string ResourceId,
        [property: Description("From then on the time is anybody's.")] DateTime ExpiresAt);

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Held(Item Hold) : Outcome;

        internal sealed record NoService : Outcome;

        internal sealed record Past : Outcome;

        internal sealed record Taken(IReadOnlyList<SlotItem> Alternatives) : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.ServiceId).NamesAService();
            RuleFor(command => command.StartsAt).IsAStart();
            RuleFor(command => command.ResourceId).NamesAResourceOrNone();
        }
    }

    internal sealed class Handler(Bookings bookings, Holds holds, IdempotentRequest request, Principal principal, TimeProvider clock)
        : IRequestHandler<Command, Outcome>
    {
        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            var wanted = new WantedTime(
                principal.TenantId, TypeId.Parse(TypeId.Service, command.ServiceId), DateBound.Parse(command.StartsAt).Instant!.Value,
                command.ResourceId is null ? null : TypeId.Parse(TypeId.Resource, command.ResourceId));
            if (wanted.StartsAt <= clock.GetUtcNow().UtcDateTime)
                return new Outcome.Past();
            if (await bookings.FindAsync(wanted, cancellationToken) is not { } service)
                return new Outcome.NoService();
            var holder = new Holder(principal.Kind == PrincipalKind.Member ? "dashboard" : "api");
            return await holds.HoldAsync(service, wanted, holder, request, cancellationToken) is { } held
                ? new Outcome.Held(new Item(
                    TypeId.Format(TypeId.Appointment, held.Id), held.StartsAt, held.EndsAt, TypeId.Format(TypeId.Resource, held.ResourceId), held.ExpiresAt!.Value))
                : new Outcome.Taken([.. (await bookings.AlternativesAsync(service, wanted, Alternatives, cancellationToken)).Select(SlotItem.Of)]);
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/api/appointments/holds", Handle)
            .WithName(nameof(HoldAppointment)).WithTags("Appointments").WithSummary("Keep a time from others for some minutes, to book it then")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict)
            .TakesIdempotencyKey()
            .RequireAuthorization(Policies.Write);
    }

    internal static async Task<Results<Created<Item>, ProblemHttpResult>> Handle(
        Command command, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(command, cancellationToken) switch
        {
            Outcome.Held(var hold) => TypedResults.Created((string?)null, hold),
            Outcome.NoService => Problems.NotFound("There is no such service."),
            Outcome.Past => Problems.Invalid("starts_at", "starts_at lies in the past."),
            Outcome.Taken(var alternatives) => Problems.Of(
                StatusCodes.Status409Conflict, Problems.ConflictError, "That time is not free.",
                new Dictionary<string, object?> { ["alternatives"] = alternatives }),
            _ => throw new UnreachableException(),
        };
}
