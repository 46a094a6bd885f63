using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests.Webhooks;
using KestrelVoice.GoogleStandIn;
using Microsoft.AspNetCore.WebUtilities;

namespace KestrelVoice.Features.Tests.Calendars;

/// <summary>Connecting a Google calendar, as an integration and a browser do.</summary>
internal static class GoogleConsent
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static Task<HttpResponseMessage> AskForGoogle(
        this HttpClient client, string resourceId, string? calendarId = null, bool? receivesAppointments = null) =>
        client.PostAsJsonAsync(
            "/api/calendars/google", new { resource_id = resourceId, calendar_id = calendarId, receives_appointments = receivesAppointments }, Token);

    /// <summary>Where to send the browser.</summary>
    public static async Task<string> AuthorizeUrl(
        this HttpClient client, string resourceId, string? calendarId = null, bool? receivesAppointments = null)
    {
        using var response = await client.AskForGoogle(resourceId, calendarId, receivesAppointments);
        return (await response.ShouldAnswerWith(HttpStatusCode.OK)).Text("authorize_url");
    }

    /// <summary>Somebody reads Google's page, and decides.</summary>
    /// <param name="without">A permission whose box they untick.</param>
    /// <returns>Path and query to which the browser is sent back.</returns>
    public static async Task<string> Decide(this HttpClient browser, string authorizeUrl, GoogleUser user, bool allow = true, string? without = null)
    {
        (await browser.GetStringAsync(authorizeUrl, Token)).ShouldContain(user.Email);
        var query = QueryHelpers.ParseQuery(new Uri(authorizeUrl).Query);
        var fields = query.SelectMany(field => field.Value, (field, value) => KeyValuePair.Create(field.Key, value!)).ToList();
        fields.Add(new("user", user.Email));
        fields.Add(new("decision", allow ? "allow" : "deny"));
        fields.AddRange(query["scope"].ToString().Split(' ').Where(scope => !scope.EndsWith(without ?? "none of them", StringComparison.Ordinal))
            .Select(scope => KeyValuePair.Create("granted", scope)));
        using var form = new FormUrlEncodedContent(fields);
        using var decided = await browser.PostAsync(new Uri(authorizeUrl).GetLeftPart(UriPartial.Path), form, Token);
        await decided.ShouldBe(HttpStatusCode.SeeOther);
        decided.Headers.Location!.GetLeftPart(UriPartial.Path).ShouldBe("https://api.example.test/calendars/google/callback");
        return decided.Headers.Location.PathAndQuery;
    }

    /// <summary>The page that the browser shows in the end.</summary>
    public static async Task<string> Arrive(this HttpClient browser, string pathAndQuery, HttpStatusCode status)
    {
        using var response = await browser.GetAsync(pathAndQuery, Token);
        await response.ShouldBe(status);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/html");
        return await response.Content.ReadAsStringAsync(Token);
    }

    public static async Task<JsonElement> GivenAGoogleCalendar(this KestrelVoiceApp app, HttpClient client, string resourceId, GoogleUser user)
    {
        using var browser = app.Stranger();
        await browser.Arrive(await browser.Decide(await client.AuthorizeUrl(resourceId), user), HttpStatusCode.OK);
        var resource = TypeId.Format(TypeId.Resource, TypeId.Parse(TypeId.Resource, resourceId));
        return (await client.ReadAsync("/api/calendars")).Data()
            .Single(calendar => calendar.Text("resource_id") == resource && calendar.Text("username") == user.Email);
    }

    public static JsonObject Event(string startsAt, string endsAt, params (string Name, JsonNode? Value)[] more)
    {
        var item = new JsonObject { ["start"] = new JsonObject { ["dateTime"] = startsAt }, ["end"] = new JsonObject { ["dateTime"] = endsAt } };
        foreach (var (name, value) in more)
            item[name] = value;
        return item;
    }

    public static JsonObject Day(string from, string to) =>
        new() { ["start"] = new JsonObject { ["date"] = from }, ["end"] = new JsonObject { ["date"] = to } };
}
