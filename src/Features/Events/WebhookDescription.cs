using System.Globalization;
using System.Text.Json.Nodes;
using KestrelVoice.Features.Kernel;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace KestrelVoice.Features.Events;

/// <summary>The part of the API's description that a receiver of webhooks implements.</summary>
public sealed class WebhookDescription(PublicUrl publicUrl) : IOpenApiDocumentTransformer
{
    private static readonly (string Name, string Means, string Example)[] Headers =
    [
        ("webhook-id", "The event's id: the same on every attempt, so a receiver acts on it once.", "evt_01jd3v2tgg7gyj7kp5m3kxyz4f"),
        ("webhook-timestamp", "When this attempt was made, in seconds since 1970; too old or too new is not from us.", "1768501445"),
        ("webhook-signature", "v1, and the base64 of HMAC-SHA256 over id.timestamp.body; two of them while a secret is rotated.", "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="),
        ("kestrel-sequence", "The event's number in the account's stream, without gaps: what is missing can be read at /api/events.", "4711"),
    ];

    public async Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Webhooks ??= new Dictionary<string, IOpenApiPathItem>();
        foreach (var type in TenantEventTypes.All)
            document.Webhooks[type] = await DescribeAsync(type, document, context, cancellationToken);
    }

    private async Task<OpenApiPathItem> DescribeAsync(string type, OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        var payload = EventSamples.Payload(type, publicUrl);
        return new OpenApiPathItem
        {
            Operations = new Dictionary<HttpMethod, OpenApiOperation>
            {
                [HttpMethod.Post] = new OpenApiOperation
                {
                    OperationId = "on" + CultureInfo.InvariantCulture.TextInfo.ToTitleCase(type).Replace(".", "", StringComparison.Ordinal),
                    Tags = new HashSet<OpenApiTagReference> { new("Webhooks", document) },
                    Summary = TenantEventTypes.LabelOf(type) + ", as your server gets it",
                    Security = [],
                    Parameters = [.. Headers.Select(header => new OpenApiParameter
                    {
                        Name = header.Name,
                        In = ParameterLocation.Header,
                        Required = true,
                        Description = header.Means,
                        Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                        Example = header.Example,
                    })],
                    RequestBody = new OpenApiRequestBody
                    {
                        Required = true,
                        Content = new Dictionary<string, OpenApiMediaType>
                        {
                            ["application/json"] = new OpenApiMediaType
                            {
                                Schema = Envelope(type, await context.GetOrCreateSchemaAsync(TypeOf(type), null, cancellationToken)),
                                Example = JsonNode.Parse(payload),
                            },
                        },
                    },
                    Responses = new OpenApiResponses
                    {
                        ["2XX"] = new OpenApiResponse { Description = "Taken. Anything else, or nothing within 15 s, is tried again for about 28 hours." },
                        ["410"] = new OpenApiResponse { Description = "Never again: the endpoint is disabled." },
                    },
                },
            },
        };
    }

    private static OpenApiSchema Envelope(string type, IOpenApiSchema data) => new()
    {
        Type = JsonSchemaType.Object,
        Required = new HashSet<string> { "event", "timestamp", "id", "data" },
        Properties = new Dictionary<string, IOpenApiSchema>
        {
            ["event"] = new OpenApiSchema { Type = JsonSchemaType.String, Enum = [JsonValue.Create(type)] },
            ["timestamp"] = new OpenApiSchema { Type = JsonSchemaType.String, Format = "date-time", Description = "When it happened." },
            ["id"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "As in webhook-id." },
            ["data"] = data,
        },
    };

    private static Type TypeOf(string type) => type switch
    {
        TenantEventTypes.EmergencyDetected => typeof(EmergencyEventData),
        TenantEventTypes.AppointmentBooked => typeof(AppointmentEventData),
        _ => typeof(CallEventData),
    };
}
