using System.Text.Json;
using KestrelVoice.LocalDapr.Sidecars;
using KestrelVoice.LocalDapr.State;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.LocalDapr.Api;

/// <summary>State and secrets over HTTP.</summary>
internal static class StateEndpoints
{
    private static readonly string[] s_writes = ["POST", "PUT"];

    public static void MapState(this IEndpointRouteBuilder routes, Sidecar sidecar)
    {
        routes.MapGet("/v1.0/state/{store}/{key}", context => GetAsync(context, sidecar));
        routes.MapDelete("/v1.0/state/{store}/{key}", context => DeleteAsync(context, sidecar));
        routes.MapMethods("/v1.0/state/{store}", s_writes, context => SaveAsync(context, sidecar));
        routes.MapMethods("/v1.0/state/{store}/bulk", s_writes, context => BulkGetAsync(context, sidecar));
        routes.MapMethods("/v1.0/state/{store}/transaction", s_writes, context => TransactAsync(context, sidecar));
        routes.MapGet("/v1.0/secrets/{store}/bulk", context => context.Response.WriteAsJsonAsync(
            sidecar.Secrets.GetAll(Store(context)).ToDictionary(), context.RequestAborted));
        routes.MapGet("/v1.0/secrets/{store}/{name}", context => context.Response.WriteAsJsonAsync(
            sidecar.Secrets.Get(Store(context), (string)context.Request.RouteValues["name"]!), context.RequestAborted));
    }

    private static async Task GetAsync(HttpContext context, Sidecar sidecar)
    {
        if (sidecar.States.Find(Store(context)).Get(Key(context)) is not { } entry)
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }
        context.Response.Headers.ETag = entry.ETag;
        foreach (var (name, value) in StateJson.MetadataOf(entry))
            context.Response.Headers["metadata." + name] = value;
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(entry.Value, context.RequestAborted);
    }

    private static async Task DeleteAsync(HttpContext context, Sidecar sidecar)
    {
        var store = sidecar.States.Find(Store(context));
        var etag = context.Request.Headers.IfMatch.ToString().Trim('"');
        var firstWrite = StateJson.IsFirstWrite(context.Request.Query["concurrency"]);
        await store.DeleteAsync(new StateChange(Key(context), null, etag, firstWrite, context.Request.Metadata()), context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static async Task SaveAsync(HttpContext context, Sidecar sidecar)
    {
        var store = sidecar.States.Find(Store(context));
        var shared = context.Request.Metadata();
        var changes = RequestJson.Parse(await context.BodyAsync()).Items().Select(item => StateJson.ReadUpsert(item, shared)).ToArray();
        if (changes.Length > 0)
            await store.SaveAsync(changes, context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static async Task TransactAsync(HttpContext context, Sidecar sidecar)
    {
        var store = sidecar.States.Find(Store(context));
        var body = RequestJson.Parse(await context.BodyAsync());
        var shared = BulkPublish.Merged(body.TextMap("metadata"), context.Request.Metadata());
        var operations = body.Member("operations") is { } given ? given.Items() : [];
        var changes = operations.Select(operation => StateJson.ReadOperation(operation, shared)).ToArray();
        if (changes.Length > 0)
            await store.TransactAsync(changes, context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static async Task BulkGetAsync(HttpContext context, Sidecar sidecar)
    {
        var store = sidecar.States.Find(Store(context));
        var body = RequestJson.Parse(await context.BodyAsync());
        var keys = (body.Member("keys") is { } given ? given.Items() : [])
            .Select(key => key.ValueKind == JsonValueKind.String
                ? key.GetString()!
                : throw ApiException.Malformed("failed deserializing HTTP body: a key must be a string"));
        await context.Response.WriteAsJsonAsync(store.GetMany([.. keys]).Select(found => Item(found.Key, found.Entry)), context.RequestAborted);
    }

    private static Dictionary<string, object?> Item(string key, StateEntry? entry)
    {
        var item = new Dictionary<string, object?> { ["key"] = key };
        if (entry is null)
            return item;
        item["data"] = PubSub.Envelope.TryParse(entry.Value) is { } json ? json : Convert.ToBase64String(entry.Value);
        item["etag"] = entry.ETag;
        if (StateJson.MetadataOf(entry) is { Count: > 0 } metadata)
            item["metadata"] = metadata;
        return item;
    }

    private static string Store(HttpContext context) => (string)context.Request.RouteValues["store"]!;

    // Routing leaves an encoded slash as it is, and keys may hold one.
    private static string Key(HttpContext context) => ((string)context.Request.RouteValues["key"]!).Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
}
