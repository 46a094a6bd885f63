using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace KestrelVoice.Host;

/// <summary>Puts what a test asked and was answered beside each operation: docs/examples/api.json, which that test writes.</summary>
internal static class ApiExamples
{
    /// <summary>Where refusals are kept that look the same everywhere, by status.</summary>
    private const string Anywhere = "*";

    private static readonly Lazy<JsonObject> Played = new(Read);

    // Of the document and not of each operation: slices describe their parameters after all operation transformers have run.
    public static Task AddAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        foreach (var (status, refusal) in Played.Value[Anywhere]?["responses"]?.AsObject() ?? [])
            document.AddComponent<IOpenApiExample>(Refusal(status), new OpenApiExample { Value = refusal?.DeepClone() });
        foreach (var operation in document.Paths.SelectMany(path => path.Value.Operations?.Values.AsEnumerable() ?? []))
            Add(document, operation);
        return Task.CompletedTask;
    }

    private static void Add(OpenApiDocument document, OpenApiOperation operation)
    {
        var played = operation.OperationId is { } id ? Played.Value[id] : null;
        foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? [])
            parameter.Example = Value(parameter, played?["parameters"]?[parameter.Name ?? ""]);
        if (operation.RequestBody?.Content?.TryGetValue("application/json", out var body) == true)
            body.Example = played?["request"]?.DeepClone();
        foreach (var (status, response) in operation.Responses ?? [])
        {
            foreach (var (type, content) in response.Content ?? new Dictionary<string, OpenApiMediaType>())
            {
                if (type == "application/json")
                    content.Example = played?["responses"]?[status]?.DeepClone();
                else if (document.Components?.Examples?.ContainsKey(Refusal(status)) == true)
                    content.Examples = new Dictionary<string, IOpenApiExample> { [Refusal(status)] = new OpenApiExampleReference(Refusal(status), document) };
            }
        }
    }

    private static string Refusal(string status) => "refused" + status;

    // In a URL everything is a text, in the description a count is a number.
    private static JsonNode? Value(OpenApiParameter parameter, JsonNode? asked) =>
        asked is null ? null
        : parameter.Schema?.Type is JsonSchemaType.Integer or JsonSchemaType.Boolean ? JsonNode.Parse(asked.GetValue<string>())
        : asked.DeepClone();

    private static JsonObject Read()
    {
        using var stream = typeof(ApiExamples).Assembly.GetManifestResourceStream("api-examples.json")!;
        return JsonNode.Parse(stream)!.AsObject();
    }
}
