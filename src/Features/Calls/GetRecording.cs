using Carter;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Calls;

internal static class GetRecording
{
    public sealed record Query(string Id, string? Range) : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Opened(HttpResponseMessage Audio) : Outcome;

        internal sealed record NoCall : Outcome;

        internal sealed record NoRecording : Outcome;

        internal sealed record TwilioAway : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator() => RuleFor(query => query.Id).Must(id => TypeId.TryParse(TypeId.Call, id, out _))
            .WithMessage("id is call_ and 26 characters, or a UUID.");
    }

    internal sealed class Handler(TenantDatabase database, Principal principal, TwilioMedia twilio) : IRequestHandler<Query, Outcome>
    {
        private const string Find = "select recording_sid from call_logs where tenant_id = @TenantId and id = @Id";

        private sealed record Row(string? RecordingSid);

        public async Task<Outcome> Handle(Query query, CancellationToken cancellationToken)
        {
            var id = TypeId.Parse(TypeId.Call, query.Id);
            var row = await database.ReadAsync(
                principal.TenantId, Find, new { Id = id }, results => results.ReadSingleOrDefaultAsync<Row?>(), cancellationToken);
            if (row is null)
                return new Outcome.NoCall();
            if (row.RecordingSid is null)
                return new Outcome.NoRecording();

            try
            {
                return await twilio.OpenAsync(row.RecordingSid, query.Range, cancellationToken) is { } audio
                    ? new Outcome.Opened(audio)
                    : new Outcome.NoRecording();
            }
            catch (Exception away) when (TwilioMedia.IsAway(away, cancellationToken))
            {
                return new Outcome.TwilioAway();
            }
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/call-logs/{id}/recording", Handle)
            .WithName(nameof(GetRecording)).WithTags("Call logs").WithSummary("Listen to a call's recording")
            .Produces(StatusCodes.Status200OK, contentType: RecordingStream.ContentType)
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<Results<RecordingStream, ProblemHttpResult>> Handle(
        string id, HttpRequest request, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Query(id, request.Headers.Range), cancellationToken) switch
        {
            Outcome.Opened opened => new RecordingStream(opened.Audio),
            Outcome.NoCall => Problems.NotFound("There is no such call log."),
            Outcome.NoRecording => Problems.NotFound("There is no recording of this call."),
            Outcome.TwilioAway => Problems.Of(StatusCodes.Status503ServiceUnavailable, Problems.Unavailable, "Recordings cannot be reached at the moment."),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
}
