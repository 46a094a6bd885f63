using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.OpenApi;

namespace KestrelVoice.Features.Summaries;

internal static class StartSummary
{
    private const int DefaultWait = 10;
    private const int LongestWait = 60;

    public sealed record Command(string Id, string? WaitSeconds) : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Ended(CallSummaryItem Summary) : Outcome;

        internal sealed record Running(CallSummaryItem Summary) : Outcome;

        internal sealed record NoCall : Outcome;

        internal sealed record CallInProgress : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.Id).Must(id => TypeId.TryParse(TypeId.Call, id, out _)).WithMessage("id is call_ and 26 characters, or a UUID.");
            RuleFor(command => command.WaitSeconds).Must(seconds => seconds is null || TryWait(seconds, out _))
                .WithMessage($"wait_seconds is a whole number from 0 to {LongestWait}.");
        }
    }

    internal sealed class Handler(TenantDatabase database, Principal principal, SummaryRuns runs) : IRequestHandler<Command, Outcome>
    {
        private const string Find = "select status from call_results where tenant_id = @TenantId and call_id = @CallId;\n" + CallSummaryItem.Find;

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            var callId = TypeId.Parse(TypeId.Call, command.Id);
            var wait = command.WaitSeconds is { } given && TryWait(given, out var seconds) ? seconds : DefaultWait;
            var (status, summary) = await ReadAsync(callId, cancellationToken);
            switch (status)
            {
                case null:
                    return new Outcome.NoCall();
                case "in-progress":
                    return new Outcome.CallInProgress();
            }
            if (summary is { Status: SummaryStatus.Ready })
                return new Outcome.Ended(summary);

            await runs.StartAsync(principal.TenantId, callId, settling: TimeSpan.Zero, cancellationToken);
            await runs.WaitAsync(callId, TimeSpan.FromSeconds(wait), cancellationToken);
            (_, summary) = await ReadAsync(callId, cancellationToken);
            return summary is { Status: SummaryStatus.Ready or SummaryStatus.Failed }
                ? new Outcome.Ended(summary)
                : new Outcome.Running(CallSummaryItem.Unfinished(TypeId.Format(TypeId.Call, callId), SummaryStatus.Running));
        }

        private Task<(string? Status, CallSummaryItem? Summary)> ReadAsync(Guid callId, CancellationToken cancellationToken) =>
            database.ReadAsync(
                principal.TenantId, Find, new { CallId = callId },
                async results => (await results.ReadSingleOrDefaultAsync<string?>(), await CallSummaryItem.ReadAsync(callId, results)),
                cancellationToken);
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/api/call-logs/{id}/summary", Handle)
            .WithQuery("wait_seconds")
            .WithName(nameof(StartSummary)).WithTags("Call logs").WithSummary("Summarise a call, or get the summary that there is")
            .AddOpenApiOperationTransformer(Describe)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .RequireAuthorization(Policies.Write);
    }

    internal static async Task<Results<Ok<CallSummaryItem>, Accepted<CallSummaryItem>, ProblemHttpResult>> Handle(
        [Description("call_… or the bare UUID.")] string id,
        [FromQuery(Name = "wait_seconds"), Description("How long to wait for it in this request, 0 to 60; 10 when absent.")] string? waitSeconds,
        HttpContext context, PublicUrl publicUrl, IMediator mediator, CancellationToken cancellationToken)
    {
        switch (await mediator.Send(new Command(id, waitSeconds), cancellationToken))
        {
            case Outcome.Ended(var summary):
                return TypedResults.Ok(summary);
            case Outcome.Running(var summary):
                context.Response.Headers.RetryAfter = "2";
                return TypedResults.Accepted($"{publicUrl.Base}/api/call-logs/{summary.CallId}/summary", summary);
            case Outcome.NoCall:
                return Problems.NotFound("There is no such call log.");
            case Outcome.CallInProgress:
                return Problems.Conflict("The call is still in progress; it is summarised once it is over.");
            default:
                throw new UnreachableException();
        }
    }

    private static Task Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>().Where(parameter => parameter.Name == "wait_seconds") ?? [])
            parameter.Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "0", Maximum = $"{LongestWait}", Default = DefaultWait };
        return Task.CompletedTask;
    }

    private static bool TryWait(string text, out int seconds) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out seconds) && seconds <= LongestWait;
}
