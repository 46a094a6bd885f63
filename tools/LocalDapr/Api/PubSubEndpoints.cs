using System.Text;
using System.Text.Json;
using KestrelVoice.LocalDapr.PubSub;
using KestrelVoice.LocalDapr.Sidecars;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.LocalDapr.Api;

/// <summary>Publishing over HTTP, one event or many.</summary>
internal static class PubSubEndpoints
{
    private static readonly string[] s_writes = ["POST", "PUT"];

    public static void MapPubSub(this IEndpointRouteBuilder routes, Sidecar sidecar)
    {
        routes.MapMethods("/v1.0/publish/{pubsub}/{**topic}", s_writes, context => PublishAsync(context, sidecar));
        foreach (var version in (string[])["v1.0", "v1.0-alpha1"])
            routes.MapMethods($"/{version}/publish/bulk/{{pubsub}}/{{**topic}}", s_writes, context => BulkPublishAsync(context, sidecar));
    }

    private static async Task PublishAsync(HttpContext context, Sidecar sidecar)
    {
        var (pubSub, topic) = Target(context);
        sidecar.Publisher.Find(pubSub, topic);
        var request = new PublishRequest(pubSub, topic, await context.BodyAsync(), context.Request.ContentType ?? "", context.Request.Metadata());
        await sidecar.Publisher.PublishAsync(request, Trace(context, sidecar), context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static async Task BulkPublishAsync(HttpContext context, Sidecar sidecar)
    {
        var (pubSub, topic) = Target(context);
        sidecar.Publisher.Find(pubSub, topic);
        var shared = context.Request.Metadata();
        var entries = RequestJson.Parse(await context.BodyAsync()).Items().Select(item => Entry(item, shared)).ToArray();
        var failures = await BulkPublish.RunAsync(sidecar.Publisher, pubSub, topic, entries, () => Trace(context, sidecar), context.RequestAborted);
        if (failures.Count == 0)
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }
        context.Response.StatusCode = StatusCodes.Status500InternalServerError;
        await context.Response.WriteAsJsonAsync(
            new
            {
                failedEntries = failures.Select(failure => new { entryId = failure.EntryId, error = failure.Error }),
                errorCode = "ERR_PUBSUB_PUBLISH_MESSAGE",
            },
            context.RequestAborted);
    }

    private static BulkEntry Entry(JsonElement item, Dictionary<string, string> shared)
    {
        var contentType = item.TextOf("contentType") ?? "";
        var data = item.Member("event");
        return new BulkEntry(item.TextOf("entryId") ?? "", Bytes(data, contentType), contentType, BulkPublish.Merged(shared, item.TextMap("metadata")));
    }

    private static byte[] Bytes(JsonElement? data, string contentType)
    {
        if (data is not { } given)
            return [];
        if (given.ValueKind != JsonValueKind.String || Envelope.IsJson(contentType) || Envelope.IsCloudEvent(contentType))
            return Encoding.UTF8.GetBytes(given.GetRawText());
        var text = given.GetString()!;
        if (!Envelope.IsBinary(contentType))
            return Encoding.UTF8.GetBytes(text);
        try
        {
            return Convert.FromBase64String(text);
        }
        catch (FormatException)
        {
            throw ApiException.Malformed("failed deserializing HTTP body: a binary event must be base64");
        }
    }

    private static (string PubSub, string Topic) Target(HttpContext context) =>
        ((string)context.Request.RouteValues["pubsub"]!, ((string?)context.Request.RouteValues["topic"])?.TrimEnd('/') ?? "");

    private static TraceContext Trace(HttpContext context, Sidecar sidecar) => TraceContext.Continue(
        context.Request.Headers.TraceParent, context.Request.Headers.TraceState, sidecar.Resources.Configuration.SamplingRate);
}
