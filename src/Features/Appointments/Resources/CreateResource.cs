using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Serialization;
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

internal static class CreateResource
{
    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record Command(
        [property: Description("1 to 100 characters.")] string Name,
        [property: Description("To the next customer, 0 to 480; 0 when absent.")] int? TravelMinutes = null,
        [property: Description("When it can be booked; never when absent or empty.")] IReadOnlyList<WorkingHours>? WorkingHours = null)
        : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Created(ResourceItem Resource) : Outcome;
        internal sealed record TooMany : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.Name).Must(ScheduleRules.IsName).WithMessage(ScheduleRules.NameRule);
            RuleFor(command => command.TravelMinutes).InclusiveBetween(0, 480).WithMessage("travel_minutes is 0 to 480.");
            RuleFor(command => command.WorkingHours).Custom((hours, context) =>
            {
                if (Resources.WorkingHours.Offence(hours) is { } offence)
                    context.AddFailure(offence);
            });
        }
    }

    internal sealed class Handler(TenantDatabase database, Principal principal, AuditLog audit, IdempotentRequest request, TimeProvider clock)
        : IRequestHandler<Command, Outcome>
    {
        private const string Insert =
            """
            insert into resources (tenant_id, id, name, travel_minutes, created_at)
            select @TenantId, @Id, @Name, @Travel, @Now
            where (select count(*) from resources where tenant_id = @TenantId and archived_at is null) < @Most
            """;

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            var now = clock.GetUtcNow();
            var id = Guid.CreateVersion7(now);
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            await transaction.ExecuteAsync(ScheduleRules.OneAtATime, null, cancellationToken);
            var inserted = await transaction.ExecuteAsync(
                Insert, new { Id = id, Name = command.Name.Trim(), Travel = command.TravelMinutes ?? 0, Now = now.UtcDateTime, ScheduleRules.Most },
                cancellationToken);
            if (inserted == 0)
                return new Outcome.TooMany();
            await Resources.WorkingHours.ReplaceAsync(transaction, id, command.WorkingHours ?? [], cancellationToken);
            await audit.AddAsync(transaction, AuditActions.ResourceCreated, TypeId.Format(TypeId.Resource, id), detail: null, cancellationToken);
            var row = await transaction.QuerySingleOrDefaultAsync<ResourceRow>(ResourceRow.Find, new { Id = id }, cancellationToken);
            await request.CommitAsync(transaction, cancellationToken);
            return new Outcome.Created(row!.Shown());
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/api/resources", Handle)
            .WithName(nameof(CreateResource)).WithTags("Schedule").WithSummary("Add somebody, or something, that can be booked")
            .TakesIdempotencyKey()
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<Created<ResourceItem>, ProblemHttpResult>> Handle(
        Command command, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(command, cancellationToken) switch
        {
            Outcome.Created(var resource) => TypedResults.Created($"/api/resources/{resource.Id}", resource),
            Outcome.TooMany => Problems.Conflict($"There are {ScheduleRules.Most} resources already; delete one first."),
            _ => throw new UnreachableException(),
        };
}
