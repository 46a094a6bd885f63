using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.GoogleStandIn;

/// <summary>In place of Google's own app: what is in the calendars, and a form to put something in, for people who try it out.</summary>
internal static class LookRoutes
{
    public static void Map(IEndpointRouteBuilder app, World world)
    {
        app.MapGet("/", (RequestDelegate)(context => ShowAsync(context, world)));
        app.MapPost("/", (RequestDelegate)(context => ChangeAsync(context, world)));
    }

    private static Task ShowAsync(HttpContext context, World world)
    {
        var page = new StringBuilder("<!DOCTYPE html><html lang=\"en\"><title>Stand-in for Google Calendar</title><body><h1>Calendars</h1>");
        lock (world.Users)
        {
            foreach (var calendar in world.Users.SelectMany(user => user.Calendars))
                Show(page, calendar);
        }
        context.Response.ContentType = "text/html; charset=utf-8";
        return context.Response.WriteAsync(page.Append("</body></html>").ToString(), context.RequestAborted);
    }

    private static void Show(StringBuilder page, GoogleCalendar calendar)
    {
        page.Append(CultureInfo.InvariantCulture, $"<h2>{Text(calendar.Summary)}</h2><ul>");
        foreach (var item in calendar.Within(from: null, to: null, singleEvents: false))
        {
            page.Append(CultureInfo.InvariantCulture, $"""
                <li>{Text(When(item["start"]))} to {Text(When(item["end"]))}: {Text((string?)item["summary"])}
                <form method="post"><input type="hidden" name="calendar" value="{Text(calendar.Id)}">
                <input type="hidden" name="delete" value="{Text((string?)item["id"])}"><button>Delete</button></form></li>
                """);
        }
        page.Append(CultureInfo.InvariantCulture, $"""
            </ul><form method="post"><input type="hidden" name="calendar" value="{Text(calendar.Id)}">
            <label>Title <input name="summary" required></label>
            <label>From (UTC) <input type="datetime-local" name="start" required></label> <label>To <input type="datetime-local" name="end" required></label>
            <button>Add</button></form>
            """);
    }

    private static async Task ChangeAsync(HttpContext context, World world)
    {
        // Only from its own page: no other one that is open in the browser may write here.
        if (context.Request.Headers.Origin.ToString() is { Length: > 0 } origin && origin != $"{context.Request.Scheme}://{context.Request.Host}")
            throw new RefusalException(StatusCodes.Status403Forbidden, "forbidden", "Forbidden");
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        GoogleCalendar calendar;
        lock (world.Users)
            calendar = world.Users.SelectMany(user => user.Calendars).FirstOrDefault(each => each.Id == form["calendar"]) ?? throw RefusalException.NotFound();
        if (form["delete"].ToString() is { Length: > 0 } id)
        {
            calendar.Delete(id);
        }
        else
        {
            calendar.Insert(new JsonObject
            {
                ["summary"] = form["summary"].ToString(),
                ["start"] = new JsonObject { ["dateTime"] = form["start"] + ":00Z" },
                ["end"] = new JsonObject { ["dateTime"] = form["end"] + ":00Z" },
            });
        }
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = "/";
    }

    private static string? When(JsonNode? time) => (string?)time?["dateTime"] ?? (string?)time?["date"];

    private static string Text(string? text) => HtmlEncoder.Default.Encode(text ?? "");
}
