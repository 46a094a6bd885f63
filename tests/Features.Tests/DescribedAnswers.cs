using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;
using NJsonSchema;
using NSwag;

namespace KestrelVoice.Features.Tests;

/// <summary>Whatever a test asks for, no answer has a status, a kind of content, or a member of JSON, that the description does not give its operation.</summary>
internal sealed class DescribedAnswers : IStartupFilter
{
    private const string Operation = "X-Test-Operation";

    /// <summary>Which no test expects, and no server gives.</summary>
    private const int NotDescribed = 599;

    private static readonly Lazy<Dictionary<(string Operation, int Status, string Type), JsonSchema?>> Described = new(Read);
    private static readonly Lazy<HashSet<string>> Operations = new(() => [.. Described.Value.Keys.Select(answer => answer.Operation)]);

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((context, following) =>
        {
            context.Response.OnStarting(HoldAsync, context);
            return following(context);
        });
        next(app);
    };

    private static Task HoldAsync(object state)
    {
        var context = (HttpContext)state;
        var response = context.Response;
        var operation = context.Features.Get<IEndpointFeature>()?.Endpoint?.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName;
        if (operation is null || !Operations.Value.Contains(operation))
            return Task.CompletedTask;
        var answer = (operation, response.StatusCode, MediaTypeHeaderValue.TryParse(response.ContentType, out var type) ? type.MediaType.ToString() : "");
        if (Described.Value.ContainsKey(answer))
        {
            response.Headers[Operation] = operation;
            return Task.CompletedTask;
        }
        context.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = $"Not described: {answer}";
        response.StatusCode = NotDescribed;
        return Task.CompletedTask;
    }

    private static Dictionary<(string Operation, int Status, string Type), JsonSchema?> Read()
    {
        var document = OpenApiDocument.FromJsonAsync(File.ReadAllText(Path.Combine(Checkout.Root, "docs", "openapi.json"))).GetAwaiter().GetResult();
        // Who reads answers passes over what they do not know; who writes them gives nothing that nobody knows of.
        foreach (var schema in document.Components.Schemas.Values.Where(schema => schema.Properties.Count > 0))
            schema.AllowAdditionalProperties = false;
        return (
            from description in document.Operations
            from response in description.Operation.ActualResponses
            from content in response.Value.Content.Select(content => (content.Key, (JsonSchema?)content.Value.Schema)).DefaultIfEmpty(("", null))
            select (Answer: (description.Operation.OperationId, int.Parse(response.Key, CultureInfo.InvariantCulture), content.Item1), Schema: content.Item2))
            .ToDictionary(described => described.Answer, JsonSchema? (described) => described.Schema);
    }

    /// <summary>Holds the JSON of answers to what is described, on its way to the test.</summary>
    internal sealed class Reader : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            if (response.Content.Headers.ContentType?.MediaType is not ("application/json" or "application/problem+json") || request.Method == HttpMethod.Head
                || !response.Headers.TryGetValues(Operation, out var operations))
                return response;
            var answer = (operations.Single(), (int)response.StatusCode, response.Content.Headers.ContentType.MediaType);
            await response.Content.LoadIntoBufferAsync(cancellationToken);
            var json = await response.Content.ReadAsStringAsync(cancellationToken);
            Described.Value[answer]!.ActualSchema.Validate(json, SchemaType.OpenApi3).Select(offence => offence.ToString()).ShouldBeEmpty($"{answer}: {json}");
            return response;
        }
    }
}
