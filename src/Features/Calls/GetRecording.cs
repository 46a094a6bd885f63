using System.ComponentModel;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.OpenApi;

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
            .AddOpenApiOperationTransformer(Describe)
            .ProducesProblem(StatusCodes.Status416RangeNotSatisfiable)
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<Results<RecordingStream, ProblemHttpResult>> Handle(
        [Description("call_… or the bare UUID.")] string id, HttpRequest request, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Query(id, request.Headers.Range), cancellationToken) switch
        {
            Outcome.Opened opened => new RecordingStream(opened.Audio),
            Outcome.NoCall => Problems.NotFound("There is no such call log."),
            Outcome.NoRecording => Problems.NotFound("There is no recording of this call."),
            Outcome.TwilioAway => Problems.Of(StatusCodes.Status503ServiceUnavailable, Problems.Unavailable, "Recordings cannot be reached at the moment."),
            _ => throw new System.Diagnostics.UnreachableException(),
        };

    private static Task Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        operation.Parameters ??= [];
        operation.Parameters.Add(new OpenApiParameter
        {
            Name = "Range",
            In = ParameterLocation.Header,
            Description = "One range of bytes, as players ask for it: bytes=0-65535.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        });
        operation.Responses ??= [];
        operation.Responses["200"] = Audio("The recording, a WAV file.");
        var part = Audio("The part of it that Range asks for.");
        part.Headers = new Dictionary<string, IOpenApiHeader>
        {
            ["Content-Range"] = new OpenApiHeader { Description = "Which part it is, and of how much.", Schema = new OpenApiSchema { Type = JsonSchemaType.String } },
        };
        operation.Responses["206"] = part;
        return Task.CompletedTask;
    }

    private static OpenApiResponse Audio(string description) => new()
    {
        Description = description,
        Content = new Dictionary<string, OpenApiMediaType>
        {
            [RecordingStream.ContentType] = new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } },
        },
    };
}
