using System.ComponentModel;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Appointments.Services;

internal static class GetService
{
    public sealed record Query(string Id) : IRequest<ServiceItem?>;

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator() => RuleFor(query => query.Id).Must(ScheduleRules.IsService).WithMessage(ScheduleRules.ServiceIdRule);
    }

    internal sealed class Handler(TenantDatabase database, Principal principal) : IRequestHandler<Query, ServiceItem?>
    {
        public async Task<ServiceItem?> Handle(Query query, CancellationToken cancellationToken)
        {
            var row = await database.ReadAsync(
                principal.TenantId, ServiceRow.Find, new { Id = TypeId.Parse(TypeId.Service, query.Id) },
                results => results.ReadSingleOrDefaultAsync<ServiceRow?>(), cancellationToken);
            return row?.Shown();
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/services/{id}", Handle)
            .WithName(nameof(GetService)).WithTags("Schedule").WithSummary("Read a service, also one that is offered no more")
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<Results<Ok<ServiceItem>, ProblemHttpResult>> Handle(
        [Description("svc_… or the bare UUID.")] string id, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Query(id), cancellationToken) is { } service
            ? TypedResults.Ok(service)
            : Problems.NotFound("There is no such service.");
}
