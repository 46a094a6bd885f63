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

/// <summary>From then on: appointments that were made stay where they are, also outside the new hours.</summary>
internal static class ChangeResource
{
    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record Changes(
        [property: Description("1 to 100 characters.")] string? Name = null,
        [property: Description("To the next customer, 0 to 480.")] int? TravelMinutes = null,
        [property: Description("The whole week, in place of the one before; never when empty.")] IReadOnlyList<WorkingHours>? WorkingHours = null);

    public sealed record Command(string Id, string? Name, int? TravelMinutes, IReadOnlyList<WorkingHours>? WorkingHours) : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Changed(ResourceItem Resource) : Outcome;
        internal sealed record NotFound : Outcome;
        internal sealed record Archived : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.Id).Must(ScheduleRules.IsResource).WithMessage(ScheduleRules.ResourceIdRule);
            RuleFor(command => command.Name).Must(name => name is null || ScheduleRules.IsName(name)).WithMessage(ScheduleRules.NameRule);
            RuleFor(command => command.TravelMinutes).InclusiveBetween(0, 480).WithMessage("travel_minutes is 0 to 480.");
            RuleFor(command => command.WorkingHours).Custom((hours, context) =>
            {
                if (Resources.WorkingHours.Offence(hours) is { } offence)
                    context.AddFailure(offence);
            });
        }
    }

    internal sealed class Handler(TenantDatabase database, Principal principal, AuditLog audit, IdempotentRequest request)
        : IRequestHandler<Command, Outcome>
    {
        private const string Change =
            """
            update resources
            set name = coalesce(@Name, name), travel_minutes = coalesce(@TravelMinutes, travel_minutes)
            where tenant_id = @TenantId and id = @Id and archived_at is null
            """;

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            var id = TypeId.Parse(TypeId.Resource, command.Id);
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            await transaction.ExecuteAsync(ScheduleRules.OneAtATime, null, cancellationToken);
            var changed = await transaction.ExecuteAsync(Change, new { Id = id, Name = command.Name?.Trim(), command.TravelMinutes }, cancellationToken);
            if (changed > 0 && command.WorkingHours is not null)
                await Resources.WorkingHours.ReplaceAsync(transaction, id, command.WorkingHours, cancellationToken);
            if (await transaction.QuerySingleOrDefaultAsync<ResourceRow>(ResourceRow.Find, new { Id = id }, cancellationToken) is not { } row)
                return new Outcome.NotFound();
            if (changed == 0)
                return new Outcome.Archived();
            await audit.AddAsync(transaction, AuditActions.ResourceChanged, TypeId.Format(TypeId.Resource, id), Changed(command), cancellationToken);
            await request.CommitAsync(transaction, cancellationToken);
            return new Outcome.Changed(row.Shown());
        }

        private static string Changed(Command command) => string.Join(", ",
            from change in new (string Name, object? Value)[]
            {
                ("name", command.Name), ("travel_minutes", command.TravelMinutes), ("working_hours", command.WorkingHours),
            }
            where change.Value is not null
            select change.Name);
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPatch("/api/resources/{id}", Handle)
            .WithName(nameof(ChangeResource)).WithTags("Schedule")
            .WithSummary("Change a resource; what is absent or null stays as it is, and so do its appointments")
            .TakesIdempotencyKey()
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<Ok<ResourceItem>, ProblemHttpResult>> Handle(
        [Description("res_… or the bare UUID.")] string id, Changes changes, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Command(id, changes.Name, changes.TravelMinutes, changes.WorkingHours), cancellationToken) switch
        {
            Outcome.Changed(var resource) => TypedResults.Ok(resource),
            Outcome.NotFound => Problems.NotFound("There is no such resource."),
            Outcome.Archived => Problems.Conflict("The resource was deleted, and is booked no more."),
            _ => throw new UnreachableException(),
        };
}
