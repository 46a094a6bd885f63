using System.ComponentModel;
using System.Diagnostics;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Summaries;

internal static class GetSummary
{
    public sealed record Query(string Id) : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Found(CallSummaryItem Summary) : Outcome;

        internal sealed record NoCall : Outcome;

        internal sealed record NeverStarted : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator() => RuleFor(query => query.Id).Must(id => TypeId.TryParse(TypeId.Call, id, out _))
            .WithMessage("id is call_ and 26 characters, or a UUID.");
    }

    internal sealed class Handler(TenantDatabase database, Principal principal) : IRequestHandler<Query, Outcome>
    {
        private const string Find =
            "select exists (select from call_results where tenant_id = @TenantId and call_id = @CallId);\n" + CallSummaryItem.Find;

        public Task<Outcome> Handle(Query query, CancellationToken cancellationToken)
        {
            var callId = TypeId.Parse(TypeId.Call, query.Id);
            return database.ReadAsync<Outcome>(
                principal.TenantId, Find, new { CallId = callId },
                async results =>
                    !await results.ReadSingleAsync<bool>() ? new Outcome.NoCall()
                    : await CallSummaryItem.ReadAsync(callId, results) is { } summary ? new Outcome.Found(summary)
                    : new Outcome.NeverStarted(),
                cancellationToken);
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/call-logs/{id}/summary", Handle)
            .WithName(nameof(GetSummary)).WithTags("Call logs").WithSummary("Read the summary of a call")
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<Results<Ok<CallSummaryItem>, Accepted<CallSummaryItem>, ProblemHttpResult>> Handle(
        [Description("call_… or the bare UUID.")] string id,
        HttpContext context, PublicUrl publicUrl, IMediator mediator, CancellationToken cancellationToken)
    {
        switch (await mediator.Send(new Query(id), cancellationToken))
        {
            case Outcome.Found({ Status: SummaryStatus.Running } running):
                context.Response.Headers.RetryAfter = "2";
                return TypedResults.Accepted($"{publicUrl.Base}/api/call-logs/{running.CallId}/summary", running);
            case Outcome.Found(var summary):
                return TypedResults.Ok(summary);
            case Outcome.NoCall:
                return Problems.NotFound("There is no such call log.");
            case Outcome.NeverStarted:
                return Problems.NotFound("This call has no summary yet; POST here to start one.");
            default:
                throw new UnreachableException();
        }
    }
}
