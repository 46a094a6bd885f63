using System.ComponentModel;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Carter;
using Dapper;
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

namespace KestrelVoice.Features.Events;

internal static class GetEventSamples
{
    private const int DefaultLimit = 3;
    private const int LargestLimit = 10;

    public sealed record Query(
        [property: FromRoute(Name = "event"), Description("A type of event.")] string Event,
        [property: FromQuery(Name = "limit"), Description("How many at most, 1 to 10; 3 when absent.")] string? Limit)
        : IRequest<IReadOnlyList<JsonElement>>;

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator()
        {
            RuleFor(query => query.Event).Must(TenantEventTypes.All.Contains)
                .WithMessage($"event is one of {string.Join(", ", TenantEventTypes.All)}.");
            RuleFor(query => query.Limit).Must(limit => limit is null || Paging.TryCount(limit, 1, LargestLimit, out _))
                .WithMessage($"limit is a whole number from 1 to {LargestLimit}.");
        }
    }

    internal sealed class Handler(TenantDatabase database, Principal principal, PublicUrl publicUrl) : IRequestHandler<Query, IReadOnlyList<JsonElement>>
    {
        private const string Recent =
            """
            select payload
            from tenant_events
            where tenant_id = @TenantId and type = @Event and payload is not null
            order by sequence desc
            limit @Limit
            """;

        public Task<IReadOnlyList<JsonElement>> Handle(Query query, CancellationToken cancellationToken)
        {
            var limit = query.Limit is null ? DefaultLimit : int.Parse(query.Limit, CultureInfo.InvariantCulture);
            return database.ReadAsync(
                principal.TenantId, Recent, new { query.Event, Limit = limit }, results => ReadAsync(results, query.Event), cancellationToken);
        }

        private async Task<IReadOnlyList<JsonElement>> ReadAsync(SqlMapper.GridReader results, string type)
        {
            var payloads = (await results.ReadAsync<byte[]>()).AsList();
            if (payloads is [])
                payloads.Add(EventSamples.Payload(type, publicUrl));
            return [.. payloads.Select(payload => JsonElement.Parse(payload))];
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/events/{event}/samples", Handle)
            .WithQuery("limit")
            .WithName(nameof(GetEventSamples)).WithTags("Events")
            .WithSummary("Read payloads as they are delivered: the newest of this type, or one that is made up; a plain array")
            .AddOpenApiOperationTransformer(Describe)
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<Ok<IReadOnlyList<JsonElement>>> Handle(
        [AsParameters] Query query, IMediator mediator, CancellationToken cancellationToken) =>
        TypedResults.Ok(await mediator.Send(query, cancellationToken));

    private static Task Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? [])
            parameter.Schema = parameter.Name is "event"
                ? new OpenApiSchema { Type = JsonSchemaType.String, Enum = [.. TenantEventTypes.All.Select(type => JsonValue.Create(type))] }
                : new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1", Maximum = $"{LargestLimit}", Default = DefaultLimit };
        if (operation.Responses?["200"].Content?["application/json"].Schema is OpenApiSchema samples)
            samples.Items = new OpenApiSchema { Type = JsonSchemaType.Object, Description = "A payload: event, timestamp, id, data." };
        return Task.CompletedTask;
    }
}
