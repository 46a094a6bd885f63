using System.Globalization;
using System.Text;
using KestrelVoice.LocalDapr.Sidecars;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.LocalDapr.Api;

/// <summary>The management of workflows over HTTP, under every version it has had.</summary>
internal static class WorkflowEndpoints
{
    public static void MapWorkflows(this IEndpointRouteBuilder routes, Sidecar sidecar)
    {
        var workflows = new WorkflowManagement(sidecar);
        foreach (var version in (string[])["v1.0", "v1.0-beta1", "v1.0-alpha1"])
        {
            var root = $"/{version}/workflows/{{component}}";
            routes.MapPost(root + "/{name}/start", context => StartAsync(context, workflows));
            routes.MapGet(root + "/{id}", context => GetAsync(context, workflows));
            routes.MapPost(root + "/{id}/raiseEvent/{event}", context => RaiseAsync(context, workflows));
            routes.MapPost(root + "/{id}/pause", context => AcceptAsync(context, workflows.PauseAsync));
            routes.MapPost(root + "/{id}/resume", context => AcceptAsync(context, workflows.ResumeAsync));
            routes.MapPost(root + "/{id}/terminate", context => AcceptAsync(context, workflows.TerminateAsync));
            routes.MapPost(root + "/{id}/purge", context => AcceptAsync(context, workflows.PurgeAsync));
        }
    }

    private static async Task StartAsync(HttpContext context, WorkflowManagement workflows)
    {
        var id = await workflows.StartAsync(Value(context, "name"), context.Request.Query["instanceID"].ToString(), await TextAsync(context), startTime: null);
        context.Response.StatusCode = StatusCodes.Status202Accepted;
        await context.Response.WriteAsJsonAsync(new { instanceID = id }, context.RequestAborted);
    }

    private static Task GetAsync(HttpContext context, WorkflowManagement workflows)
    {
        var id = Value(context, "id");
        var workflow = workflows.Get(id) ?? throw WorkflowManagement.NotFound(id);
        return context.Response.WriteAsJsonAsync(
            new
            {
                instanceID = id,
                workflowName = workflow.Name,
                createdAt = Text(workflow.CreatedAt),
                lastUpdatedAt = Text(workflow.LastUpdatedAt),
                runtimeStatus = workflow.Status,
                properties = workflow.Properties,
            },
            context.RequestAborted);
    }

    private static async Task RaiseAsync(HttpContext context, WorkflowManagement workflows)
    {
        await workflows.RaiseAsync(Value(context, "id"), Value(context, "event"), await TextAsync(context));
        context.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    private static async Task AcceptAsync(HttpContext context, Func<string, Task> operation)
    {
        await operation(Value(context, "id"));
        context.Response.StatusCode = StatusCodes.Status202Accepted;
    }

    private static string Value(HttpContext context, string name) => (string)context.Request.RouteValues[name]!;

    private static async Task<string> TextAsync(HttpContext context) => Encoding.UTF8.GetString(await context.BodyAsync());

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
}
