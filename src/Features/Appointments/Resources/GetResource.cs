using System.ComponentModel;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Appointments.Resources;

internal static class GetResource
{
    public sealed record Query(string Id) : IRequest<ResourceItem?>;

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator() => RuleFor(query => query.Id).Must(ScheduleRules.IsResource).WithMessage(ScheduleRules.ResourceIdRule);
    }

    internal sealed class Handler(TenantDatabase database, Principal principal) : IRequestHandler<Query, ResourceItem?>
    {
        public async Task<ResourceItem?> Handle(Query query, CancellationToken cancellationToken)
        {
            var row = await database.ReadAsync(
                principal.TenantId, ResourceRow.Find, new { Id = TypeId.Parse(TypeId.Resource, query.Id) },
                results => results.ReadSingleOrDefaultAsync<ResourceRow?>(), cancellationToken);
            return row?.Shown();
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/resources/{id}", Handle)
            .WithName(nameof(GetResource)).WithTags("Schedule").WithSummary("Read a resource, also one that is booked no more")
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<Results<Ok<ResourceItem>, ProblemHttpResult>> Handle(
        [Description("res_… or the bare UUID.")] string id, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Query(id), cancellationToken) is { } resource
            ? TypedResults.Ok(resource)
            : Problems.NotFound("There is no such resource.");
}
