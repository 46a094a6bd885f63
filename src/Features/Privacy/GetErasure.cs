using System.ComponentModel;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Privacy;

internal static class GetErasure
{
    public sealed record Query(string Id) : IRequest<ErasureItem?>;

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator() => RuleFor(query => query.Id).Must(id => TypeId.TryParse(TypeId.Erasure, id, out _))
            .WithMessage("id is ers_ and 26 characters, or a UUID.");
    }

    internal sealed class Handler(TenantDatabase database, Principal principal) : IRequestHandler<Query, ErasureItem?>
    {
        public async Task<ErasureItem?> Handle(Query query, CancellationToken cancellationToken)
        {
            var row = await database.ReadAsync(
                principal.TenantId, ErasureRow.Find, new { ErasureId = TypeId.Parse(TypeId.Erasure, query.Id) },
                results => results.ReadSingleOrDefaultAsync<ErasureRow?>(), cancellationToken);
            return row?.Shown();
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/erasures/{id}", Handle)
            .WithName(nameof(GetErasure)).WithTags("Privacy").WithSummary("Read how far an erasure is")
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<Results<Ok<ErasureItem>, ProblemHttpResult>> Handle(
        [Description("ers_… or the bare UUID.")] string id, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Query(id), cancellationToken) is { } found ? TypedResults.Ok(found) : Problems.NotFound("There is no such erasure.");
}
