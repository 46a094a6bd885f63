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

internal static class CreateService
{
    private const int DefaultStep = 30;

    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record Command(
        [property: Description("1 to 100 characters.")] string Name,
        [property: Description("How long it takes, 5 to 1440.")] int LengthMinutes,
        [property: Description("Kept free before it, 0 to 480; 0 when absent.")] int? BufferBeforeMinutes = null,
        [property: Description("Kept free after it, besides travel, 0 to 480; 0 when absent.")] int? BufferAfterMinutes = null,
        [property: Description("How far apart its times are offered, 5 to 1440; 30 when absent.")] int? StepMinutes = null,
        [property: Description("Who performs it; everybody when absent or empty.")] IReadOnlyList<string>? ResourceIds = null)
        : IRequest<Outcome>, IServiceTimes
    {
        int? IServiceTimes.LengthMinutes => LengthMinutes;
    }

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Created(ServiceItem Service) : Outcome;
        internal sealed record TooMany : Outcome;
        internal sealed record NoResource(string Id) : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.Name).Must(ScheduleRules.IsName).WithMessage(ScheduleRules.NameRule);
            this.RuleTimes();
        }
    }

    internal sealed class Handler(TenantDatabase database, Principal principal, AuditLog audit, IdempotentRequest request, TimeProvider clock)
        : IRequestHandler<Command, Outcome>
    {
        private const string Insert =
            """
            insert into services (tenant_id, id, name, length_minutes, buffer_before_minutes, buffer_after_minutes, step_minutes, created_at)
            select @TenantId, @Id, @Name, @Length, @Before, @After, @Step, @Now
            where (select count(*) from services where tenant_id = @TenantId and archived_at is null) < @Most
            """;

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            var now = clock.GetUtcNow();
            var id = Guid.CreateVersion7(now);
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            await transaction.ExecuteAsync(ScheduleRules.OneAtATime, null, cancellationToken);
            var inserted = await transaction.ExecuteAsync(Insert, new
            {
                Id = id,
                Name = command.Name.Trim(),
                Length = command.LengthMinutes,
                Before = command.BufferBeforeMinutes ?? 0,
                After = command.BufferAfterMinutes ?? 0,
                Step = command.StepMinutes ?? DefaultStep,
                Now = now.UtcDateTime,
                ScheduleRules.Most,
            }, cancellationToken);
            if (inserted == 0)
                return new Outcome.TooMany();
            if (await Performers.ReplaceAsync(transaction, id, command.ResourceIds ?? [], cancellationToken) is { } unknown)
                return new Outcome.NoResource(unknown);
            await audit.AddAsync(transaction, AuditActions.ServiceCreated, TypeId.Format(TypeId.Service, id), detail: null, cancellationToken);
            var row = await transaction.QuerySingleOrDefaultAsync<ServiceRow>(ServiceRow.Find, new { Id = id }, cancellationToken);
            await request.CommitAsync(transaction, cancellationToken);
            return new Outcome.Created(row!.Shown());
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/api/services", Handle)
            .WithName(nameof(CreateService)).WithTags("Schedule").WithSummary("Offer a service")
            .TakesIdempotencyKey()
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<Created<ServiceItem>, ProblemHttpResult>> Handle(
        Command command, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(command, cancellationToken) switch
        {
            Outcome.Created(var service) => TypedResults.Created($"/api/services/{service.Id}", service),
            Outcome.TooMany => Problems.Conflict($"There are {ScheduleRules.Most} services already; delete one first."),
            Outcome.NoResource(var id) => Problems.Invalid("resource_ids", $"There is no resource {id}."),
            _ => throw new UnreachableException(),
        };
}
