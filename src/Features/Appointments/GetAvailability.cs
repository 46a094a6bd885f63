using System.ComponentModel;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Appointments;

internal static class GetAvailability
{
    private const int MostDays = 31;

    public sealed record Query(
        [property: FromQuery(Name = "service_id"), Description("svc_… or the bare UUID.")] string? ServiceId,
        [property: FromQuery(Name = "from"), Description("First instant (RFC 3339); now when absent or past.")] string? From,
        [property: FromQuery(Name = "to"), Description("Instant before which the times begin, up to 31 days after from; 7 days after it when absent.")] string? To,
        [property: FromQuery(Name = "resource_id"), Description("Only of this one: res_… or the bare UUID.")] string? ResourceId)
        : IRequest<Response?>;

    public sealed record Response(IReadOnlyList<SlotItem> Data);

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator(TimeProvider clock)
        {
            RuleFor(query => query.ServiceId).NamesAService().OverridePropertyName("service_id");
            RuleFor(query => query.ResourceId).NamesAResourceOrNone().OverridePropertyName("resource_id");
            RuleFor(query => query.From).Must(IsInstant).WithMessage("from is an RFC 3339 instant; + is written %2B.");
            RuleFor(query => query.To).Must(IsInstant).WithMessage("to is an RFC 3339 instant; + is written %2B.");
            RuleFor(query => query.To).Must((query, _) => RangeOf(query, clock) is var range && range.End - range.Start <= TimeSpan.FromDays(MostDays))
                .When(query => IsInstant(query.From) && IsInstant(query.To))
                .WithMessage($"to is at most {MostDays} days after from.");
        }

        private static bool IsInstant(string? text) => DateBound.TryParse(text, out var bound) && bound.Day is null;
    }

    internal sealed class Handler(Schedules schedules, Principal principal, TimeProvider clock) : IRequestHandler<Query, Response?>
    {
        public async Task<Response?> Handle(Query query, CancellationToken cancellationToken)
        {
            var range = RangeOf(query, clock);
            var service = await schedules.FindAsync(
                principal.TenantId, TypeId.Parse(TypeId.Service, query.ServiceId!),
                query.ResourceId is null ? null : TypeId.Parse(TypeId.Resource, query.ResourceId),
                range, clock.GetUtcNow().UtcDateTime, cancellationToken);
            return service is null ? null : new Response([.. service.Availability.Slots(range).Select(SlotItem.Of)]);
        }
    }

    private static Interval RangeOf(Query query, TimeProvider clock)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        var from = DateBound.Parse(query.From).Instant is { } asked && asked > now ? asked : now;
        return new Interval(from, DateBound.Parse(query.To).Instant ?? from.AddDays(7));
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/availability", Handle)
            .WithQuery("service_id", "from", "to", "resource_id")
            .WithName(nameof(GetAvailability)).WithTags("Appointments").WithSummary("List the times at which a service can be booked, earliest first")
            .ProducesProblem(StatusCodes.Status404NotFound)
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<Results<Ok<Response>, ProblemHttpResult>> Handle(
        [AsParameters] Query query, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(query, cancellationToken) is { } found ? TypedResults.Ok(found) : Problems.NotFound("There is no such service.");
}
