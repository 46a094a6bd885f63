using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.GoogleStandIn;

/// <summary>The events of a calendar: listed, in pages or since a sync token, and changed one by one.</summary>
internal static class EventRoutes
{
    private const string Path = "/calendar/v3/calendars/{calendarId}/events";
    private const int DefaultPage = 250;

    // Together with a sync token.
    private static readonly string[] Forbidden =
        ["iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty", "timeMin", "timeMax", "updatedMin"];

    public static void Map(IEndpointRouteBuilder app, World world)
    {
        app.MapGet(Path, (RequestDelegate)(context => WriteAsync(context, List(context, world, CalendarOf(context, world, writes: false)))));
        app.MapGet(Path + "/{eventId}", (RequestDelegate)(context => WriteAsync(context, CalendarOf(context, world, writes: false).Get(EventOf(context)))));
        app.MapPost(Path, (RequestDelegate)(async context =>
        {
            var calendar = CalendarOf(context, world, writes: true);
            await WriteAsync(context, calendar.Insert(await BodyAsync(context)));
        }));
        app.MapPatch(Path + "/{eventId}", (RequestDelegate)(async context =>
        {
            var calendar = CalendarOf(context, world, writes: true);
            await WriteAsync(context, calendar.Patch(EventOf(context), await BodyAsync(context), IfMatch(context)));
        }));
        app.MapDelete(Path + "/{eventId}", (RequestDelegate)(context =>
        {
            CalendarOf(context, world, writes: true).Delete(EventOf(context), IfMatch(context));
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        }));
    }

    public static async Task<JsonObject> BodyAsync(HttpContext context)
    {
        try
        {
            return await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted) as JsonObject
                ?? throw new RefusalException(StatusCodes.Status400BadRequest, "parseError", "Parse Error");
        }
        catch (JsonException)
        {
            throw new RefusalException(StatusCodes.Status400BadRequest, "parseError", "Parse Error");
        }
    }

    private static JsonObject List(HttpContext context, World world, GoogleCalendar calendar)
    {
        var query = context.Request.Query;
        var singleEvents = query["singleEvents"] == "true";
        if (query["orderBy"] == "startTime" && !singleEvents)
            throw new RefusalException(StatusCodes.Status400BadRequest, "badRequest", "The requested ordering is not available for the particular query.");

        var last = calendar.LastVersion;
        IReadOnlyList<JsonObject> all;
        if (query["syncToken"].ToString() is { Length: > 0 } syncToken)
        {
            if (Array.Exists(Forbidden, query.ContainsKey))
                throw new RefusalException(StatusCodes.Status400BadRequest, "badRequest", "Sync token cannot be used with query restrictions.");
            all = calendar.Since(VersionOf(syncToken, singleEvents, world), singleEvents);
        }
        else
        {
            all = calendar.Within(EventTimes.Parameter(query["timeMin"]), EventTimes.Parameter(query["timeMax"]), singleEvents);
        }

        var size = Math.Min(world.Options.LargestPage, int.TryParse(query["maxResults"], NumberStyles.None, CultureInfo.InvariantCulture, out var most) ? Math.Clamp(most, 1, 2500) : DefaultPage);
        var skip = query["pageToken"].ToString() is { Length: > 0 } pageToken ? int.Parse(Decoded(pageToken), CultureInfo.InvariantCulture) : 0;
        var answer = new JsonObject
        {
            ["kind"] = "calendar#events",
            ["summary"] = calendar.Summary,
            ["timeZone"] = calendar.TimeZone,
            ["items"] = new JsonArray([.. all.Skip(skip).Take(size)]),
        };
        if (skip + size < all.Count)
            answer["nextPageToken"] = Encoded((skip + size).ToString(CultureInfo.InvariantCulture));
        else
            answer["nextSyncToken"] = Encoded(string.Create(CultureInfo.InvariantCulture, $"{world.Epoch}:{singleEvents}:{last}"));
        return answer;
    }

    private static long VersionOf(string syncToken, bool singleEvents, World world)
    {
        var parts = Decoded(syncToken).Split(':');
        if (parts is not [var epoch, var single, var version] || single != singleEvents.ToString())
            throw new RefusalException(StatusCodes.Status400BadRequest, "invalid", "Invalid sync token value.");
        return epoch == world.Epoch.ToString(CultureInfo.InvariantCulture)
            ? long.Parse(version, CultureInfo.InvariantCulture)
            : throw new RefusalException(StatusCodes.Status410Gone, "fullSyncRequired", "Sync token is no longer valid, a full sync is required.");
    }

    private static GoogleCalendar CalendarOf(HttpContext context, World world, bool writes)
    {
        var calendar = world.Require(context, writes ? ["calendar.events"] : ["calendar.events", "calendar.events.readonly", "calendar.readonly"])
            .Find((string)context.Request.RouteValues["calendarId"]!);
        return !writes || calendar.IsWritable
            ? calendar
            : throw new RefusalException(StatusCodes.Status403Forbidden, "requiredAccessLevel", "You need to have writer access to this calendar.");
    }

    private static string EventOf(HttpContext context) => (string)context.Request.RouteValues["eventId"]!;

    private static string? IfMatch(HttpContext context) => context.Request.Headers.IfMatch is { Count: > 0 } tag ? tag.ToString() : null;

    private static Task WriteAsync(HttpContext context, JsonObject answer)
    {
        if (context.Request.Query["fields"].ToString() is { Length: > 0 } fields)
            answer = FieldMask.Apply(answer, fields);
        return context.Response.WriteAsJsonAsync(answer, context.RequestAborted);
    }

    private static string Encoded(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    private static string Decoded(string token)
    {
        try
        {
            return Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token));
        }
        catch (FormatException)
        {
            throw new RefusalException(StatusCodes.Status400BadRequest, "invalid", "Invalid token value.");
        }
    }
}
