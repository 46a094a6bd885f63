using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.GoogleStandIn;

/// <summary>Which calendars somebody has, and when they are busy.</summary>
internal static class CalendarRoutes
{
    private static readonly string[] Listing = ["calendar.calendarlist.readonly", "calendar.calendarlist", "calendar.readonly"];
    private static readonly string[] FreeBusy = ["calendar.freebusy", "calendar.events.freebusy", "calendar.readonly"];

    public static void Map(IEndpointRouteBuilder app, World world)
    {
        app.MapGet("/calendar/v3/users/me/calendarList", (RequestDelegate)(context => context.Response.WriteAsJsonAsync(
            new JsonObject
            {
                ["kind"] = "calendar#calendarList",
                ["items"] = new JsonArray([.. world.Require(context, Listing).Calendars.Select(calendar => calendar.ToListEntry())]),
            },
            context.RequestAborted)));
        app.MapGet("/calendar/v3/users/me/calendarList/{calendarId}", (RequestDelegate)(context => context.Response.WriteAsJsonAsync(
            world.Require(context, Listing).Find((string)context.Request.RouteValues["calendarId"]!).ToListEntry(), context.RequestAborted)));
        app.MapPost("/calendar/v3/freeBusy", (RequestDelegate)(context => FreeBusyAsync(context, world)));
    }

    private static async Task FreeBusyAsync(HttpContext context, World world)
    {
        var user = world.Require(context, FreeBusy);
        var question = await EventRoutes.BodyAsync(context);
        var (from, to) = (EventTimes.Parameter((string?)question["timeMin"]), EventTimes.Parameter((string?)question["timeMax"]));
        if (from is null || to is null || to <= from)
            throw new RefusalException(StatusCodes.Status400BadRequest, "timeRangeEmpty", "The specified time range is empty.");
        var calendars = new JsonObject();
        foreach (var id in (question["items"] as JsonArray ?? []).Select(item => (string)item!["id"]!))
        {
            calendars[id] = user.Calendars.FirstOrDefault(calendar => calendar.Id == id) is { } calendar
                ? new JsonObject { ["busy"] = Busy(calendar, from.Value, to.Value) }
                : new JsonObject
                {
                    ["errors"] = new JsonArray(new JsonObject { ["domain"] = "global", ["reason"] = "notFound" }),
                    ["busy"] = new JsonArray(),
                };
        }
        await context.Response.WriteAsJsonAsync(
            new JsonObject
            {
                ["kind"] = "calendar#freeBusy",
                ["timeMin"] = EventTimes.Text(from.Value),
                ["timeMax"] = EventTimes.Text(to.Value),
                ["calendars"] = calendars,
            },
            context.RequestAborted);
    }

    private static JsonArray Busy(GoogleCalendar calendar, DateTimeOffset from, DateTimeOffset to)
    {
        var busy = new List<(DateTimeOffset Start, DateTimeOffset End)>();
        foreach (var item in calendar.Within(from, to, singleEvents: true).Where(IsBusy))
        {
            var (start, end) = EventTimes.Of(item, calendar.TimeZone);
            (start, end) = (start < from ? from : start, end > to ? to : end);
            if (busy.Count > 0 && start <= busy[^1].End)
                busy[^1] = (busy[^1].Start, end > busy[^1].End ? end : busy[^1].End);
            else
                busy.Add((start, end));
        }
        return [.. busy.Select(time => new JsonObject { ["start"] = EventTimes.Text(time.Start), ["end"] = EventTimes.Text(time.End) })];
    }

    private static bool IsBusy(JsonObject item) =>
        (string?)item["transparency"] != "transparent" && (string?)item["eventType"] is not ("workingLocation" or "birthday")
        && !(item["attendees"] as JsonArray ?? []).Any(attendee => attendee?["self"]?.GetValue<bool>() == true && (string?)attendee["responseStatus"] == "declined");
}
