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

namespace KestrelVoice.Features.Appointments.Resources;

/// <summary>Booked no more: nothing may be left for it to do. Past appointments keep its name.</summary>
internal static class DeleteResource
{
    public sealed record Command(string Id) : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Archived : Outcome;
        internal sealed record NotFound : Outcome;
        internal sealed record IsBooked : Outcome;
        internal sealed record IsNeeded(string Service) : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator() => RuleFor(command => command.Id).Must(ScheduleRules.IsResource).WithMessage(ScheduleRules.ResourceIdRule);
    }

    internal sealed class Handler(TenantDatabase database, Principal principal, AuditLog audit, IdempotentRequest request, TimeProvider clock)
        : IRequestHandler<Command, Outcome>
    {
        // The lock waits for bookings that are under way; those that come later find it archived.
        private const string Lock = "select archived_at is not null from resources where tenant_id = @TenantId and id = @Id for update";

        // Until its row is gone, also an expired hold may still become an appointment.
        private const string ReleaseExpired =
            "delete from appointments where tenant_id = @TenantId and resource_id = @Id and status = 'held' and expires_at <= @Now";

        private const string FindAppointment =
            """
            select 1
            from appointments
            where tenant_id = @TenantId and resource_id = @Id and status in ('held', 'scheduled') and blocked_end > @Now and ends_at > @Now
            limit 1
            """;

        // A service with nobody left would be performed by everybody.
        private const string FindService =
            """
            select s.name
            from service_resources l
            join services s on s.tenant_id = l.tenant_id and s.id = l.service_id
            where l.tenant_id = @TenantId and l.resource_id = @Id and s.archived_at is null and not exists (
                select from service_resources other
                join resources r on r.tenant_id = other.tenant_id and r.id = other.resource_id
                where other.tenant_id = l.tenant_id and other.service_id = l.service_id and r.id <> @Id and r.archived_at is null)
            order by s.created_at, s.id
            limit 1
            """;

        private const string Archive = "update resources set archived_at = @Now where tenant_id = @TenantId and id = @Id";

        // Whoever is booked no more leaves no password here.
        private const string Disconnect = "delete from calendar_connections where tenant_id = @TenantId and resource_id = @Id returning id";

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            var resource = new { Id = TypeId.Parse(TypeId.Resource, command.Id), Now = clock.GetUtcNow().UtcDateTime };
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            await transaction.ExecuteAsync(ScheduleRules.OneAtATime, null, cancellationToken);
            if (await transaction.QuerySingleOrDefaultAsync<bool?>(Lock, resource, cancellationToken) is not { } archived)
                return new Outcome.NotFound();
            if (!archived)
            {
                await transaction.ExecuteAsync(ReleaseExpired, resource, cancellationToken);
                if (await transaction.QuerySingleOrDefaultAsync<int?>(FindAppointment, resource, cancellationToken) is not null)
                    return new Outcome.IsBooked();
                if (await transaction.QuerySingleOrDefaultAsync<string>(FindService, resource, cancellationToken) is { } service)
                    return new Outcome.IsNeeded(service);
                await transaction.ExecuteAsync(Archive, resource, cancellationToken);
                await audit.AddAsync(transaction, AuditActions.ResourceArchived, TypeId.Format(TypeId.Resource, resource.Id), detail: null, cancellationToken);
                foreach (var calendar in await transaction.QueryAsync<Guid>(Disconnect, resource, cancellationToken))
                    await audit.AddAsync(
                        transaction, AuditActions.CalendarDisconnected, TypeId.Format(TypeId.Calendar, calendar), detail: null, cancellationToken);
            }
            await request.CommitAsync(transaction, cancellationToken);
            return new Outcome.Archived();
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapDelete("/api/resources/{id}", Handle)
            .WithName(nameof(DeleteResource)).WithTags("Schedule")
            .WithSummary("Book a resource no more, and disconnect its calendars; 409 while it has appointments to come")
            .TakesIdempotencyKey()
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<NoContent, ProblemHttpResult>> Handle(
        [Description("res_… or the bare UUID.")] string id, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Command(id), cancellationToken) switch
        {
            Outcome.Archived => TypedResults.NoContent(),
            Outcome.NotFound => Problems.NotFound("There is no such resource."),
            Outcome.IsBooked => Problems.Conflict("The resource has appointments to come; reschedule or cancel them first."),
            Outcome.IsNeeded(var service) => Problems.Conflict($"Nobody else performs {service}; say first who does, in its resource_ids."),
            _ => throw new UnreachableException(),
        };
}
