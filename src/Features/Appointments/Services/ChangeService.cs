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

namespace KestrelVoice.Features.Appointments.Services;

/// <summary>From then on: appointments that were made stay as long as they are.</summary>
internal static class ChangeService
{
    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record Changes(
        [property: Description("1 to 100 characters.")] string? Name = null,
        [property: Description("How long it takes, 5 to 1440.")] int? LengthMinutes = null,
        [property: Description("Kept free before it, 0 to 480.")] int? BufferBeforeMinutes = null,
        [property: Description("Kept free after it, besides travel, 0 to 480.")] int? BufferAfterMinutes = null,
        [property: Description("How far apart its times are offered, 5 to 1440.")] int? StepMinutes = null,
        [property: Description("Who performs it, in place of whoever did; everybody when empty.")] IReadOnlyList<string>? ResourceIds = null);

    public sealed record Command(
        string Id, string? Name, int? LengthMinutes, int? BufferBeforeMinutes, int? BufferAfterMinutes, int? StepMinutes,
        IReadOnlyList<string>? ResourceIds) : IRequest<Outcome>, IServiceTimes;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Changed(ServiceItem Service) : Outcome;
        internal sealed record NotFound : Outcome;
        internal sealed record Archived : Outcome;
        internal sealed record NoResource(string Id) : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.Id).Must(ScheduleRules.IsService).WithMessage(ScheduleRules.ServiceIdRule);
            RuleFor(command => command.Name).Must(name => name is null || ScheduleRules.IsName(name)).WithMessage(ScheduleRules.NameRule);
            this.RuleTimes();
        }
    }

    internal sealed class Handler(TenantDatabase database, Principal principal, AuditLog audit, IdempotentRequest request)
        : IRequestHandler<Command, Outcome>
    {
        private const string Change =
            """
            update services
            set name = coalesce(@Name, name), length_minutes = coalesce(@LengthMinutes, length_minutes),
                buffer_before_minutes = coalesce(@BufferBeforeMinutes, buffer_before_minutes),
                buffer_after_minutes = coalesce(@BufferAfterMinutes, buffer_after_minutes),
                step_minutes = coalesce(@StepMinutes, step_minutes)
            where tenant_id = @TenantId and id = @Id and archived_at is null
            """;

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            var id = TypeId.Parse(TypeId.Service, command.Id);
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            await transaction.ExecuteAsync(ScheduleRules.OneAtATime, null, cancellationToken);
            var changed = await transaction.ExecuteAsync(Change, new
            {
                Id = id,
                Name = command.Name?.Trim(),
                command.LengthMinutes,
                command.BufferBeforeMinutes,
                command.BufferAfterMinutes,
                command.StepMinutes,
            }, cancellationToken);
            if (changed > 0 && command.ResourceIds is not null
                && await Performers.ReplaceAsync(transaction, id, command.ResourceIds, cancellationToken) is { } unknown)
                return new Outcome.NoResource(unknown);
            if (await transaction.QuerySingleOrDefaultAsync<ServiceRow>(ServiceRow.Find, new { Id = id }, cancellationToken) is not { } row)
                return new Outcome.NotFound();
            if (changed == 0)
                return new Outcome.Archived();
            await audit.AddAsync(transaction, AuditActions.ServiceChanged, TypeId.Format(TypeId.Service, id), Changed(command), cancellationToken);
            await request.CommitAsync(transaction, cancellationToken);
            return new Outcome.Changed(row.Shown());
        }

        private static string Changed(Command command) => string.Join(", ",
            from change in new (string Name, object? Value)[]
            {
                ("name", command.Name), ("length_minutes", command.LengthMinutes), ("buffer_before_minutes", command.BufferBeforeMinutes),
                ("buffer_after_minutes", command.BufferAfterMinutes), ("step_minutes", command.StepMinutes), ("resource_ids", command.ResourceIds),
            }
            where change.Value is not null
            select change.Name);
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPatch("/api/services/{id}", Handle)
            .WithName(nameof(ChangeService)).WithTags("Schedule")
            .WithSummary("Change a service; what is absent or null stays as it is, and so do its appointments")
            .TakesIdempotencyKey()
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<Ok<ServiceItem>, ProblemHttpResult>> Handle(
        [Description("svc_… or the bare UUID.")] string id, Changes changes, IMediator mediator, CancellationToken cancellationToken)
    {
        var command = new Command(
            id, changes.Name, changes.LengthMinutes, changes.BufferBeforeMinutes, changes.BufferAfterMinutes, changes.StepMinutes, changes.ResourceIds);
        return await mediator.Send(command, cancellationToken) switch
        {
            Outcome.Changed(var service) => TypedResults.Ok(service),
            Outcome.NotFound => Problems.NotFound("There is no such service."),
            Outcome.Archived => Problems.Conflict("The service was deleted, and is offered no more."),
            Outcome.NoResource(var resourceId) => Problems.Invalid("resource_ids", $"There is no resource {resourceId}."),
            _ => throw new UnreachableException(),
        };
    }
}
