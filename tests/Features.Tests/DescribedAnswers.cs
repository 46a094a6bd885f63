using System.Globalization;
using System.Text.Json;
using KestrelVoice.Features.Tests.Description;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace KestrelVoice.Features.Tests;

/// <summary>Whatever a test asks for, no answer has a status or a kind of content that the description does not give its operation.</summary>
internal sealed class DescribedAnswers : IStartupFilter
{
    /// <summary>Which no test expects, and no server gives.</summary>
    private const int NotDescribed = 599;

    private static readonly Lazy<HashSet<(string Operation, int Status, string Type)>> Described = new(Read);
    private static readonly Lazy<HashSet<string>> Operations = new(() => [.. Described.Value.Select(answer => answer.Operation)]);

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
        if (Described.Value.Contains(answer))
            return Task.CompletedTask;
        context.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = $"Not described: {answer}";
        response.StatusCode = NotDescribed;
        return Task.CompletedTask;
    }

    private static HashSet<(string Operation, int Status, string Type)> Read()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(CheckedIn.Root, "docs", "openapi.json")));
        return (
            from path in document.RootElement.GetProperty("paths").EnumerateObject()
            from method in path.Value.EnumerateObject()
            from response in method.Value.GetProperty("responses").EnumerateObject()
            from type in response.Value.TryGetProperty("content", out var content) ? content.EnumerateObject().Select(kind => kind.Name) : [""]
            select (method.Value.GetProperty("operationId").GetString()!, int.Parse(response.Name, CultureInfo.InvariantCulture), type)).ToHashSet();
    }
}
