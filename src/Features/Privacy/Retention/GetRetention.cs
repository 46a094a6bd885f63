using Carter;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Privacy.Retention;

internal static class GetRetention
{
    public sealed record Query : IRequest<RetentionItem>;

    internal sealed class Handler(TenantDatabase database, Principal principal) : IRequestHandler<Query, RetentionItem>
    {
        public async Task<RetentionItem> Handle(Query query, CancellationToken cancellationToken) =>
            await database.ReadAsync(
                principal.TenantId, RetentionItem.Find, null, results => results.ReadSingleOrDefaultAsync<RetentionItem?>(), cancellationToken)
            ?? new RetentionItem(CallDays: null, UpdatedAt: null);
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/retention", Handle)
            .WithName(nameof(GetRetention)).WithTags("Privacy").WithSummary("Read how long calls are kept")
            .RequireAuthorization(Policies.Manage);
    }

    internal static async Task<Ok<RetentionItem>> Handle(IMediator mediator, CancellationToken cancellationToken) =>
        TypedResults.Ok(await mediator.Send(new Query(), cancellationToken));
}
