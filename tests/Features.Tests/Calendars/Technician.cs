using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dapper;
using KestrelVoice.Features.Calendars.Google;
using KestrelVoice.GoogleStandIn;

namespace KestrelVoice.Features.Tests.Calendars;

/// <summary>Somebody with a calendar of one kind or the other, who changes it with an app of their own.</summary>
internal abstract class Technician
{
    public const string CalDav = "caldav";
    public const string Google = "google";

    /// <summary>What the calendar is called.</summary>
    public abstract string CalendarName { get; }

    public abstract Task<JsonElement> ConnectAsync(HttpClient client, string resourceId);

    /// <summary>Writes an entry of their own, or moves it.</summary>
    public abstract Task PutAsync(string name, string startsAt, string endsAt);

    public abstract Task MoveAsync(Guid appointmentId, string startsAt, string endsAt);

    /// <summary>Changes only what it says.</summary>
    public abstract Task RenameAsync(Guid appointmentId, string title);

    public abstract Task DeleteAsync(Guid appointmentId);

    public abstract Task<Shown> ReadAsync(Guid appointmentId);

    public abstract Task<int> CountAsync();

    /// <summary>From now on we are not let in any more.</summary>
    public abstract Task ShutOutAsync();

    /// <summary>An appointment as their app shows it.</summary>
    internal sealed record Shown(string StartsAt, string EndsAt, string Title, string Place, string Text);

    protected static DateTimeOffset Moment(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    protected static string Utc(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

internal sealed partial class RadicaleTechnician(KestrelVoiceApp app, RadicaleUser user) : Technician
{
    public override string CalendarName => "Jobs & visits";

    public override Task<JsonElement> ConnectAsync(HttpClient client, string resourceId) => client.GivenACalendar(resourceId, user);

    public override Task PutAsync(string name, string startsAt, string endsAt) => user.PutAsync(name, "DTSTART:" + Basic(startsAt), "DTEND:" + Basic(endsAt));

    public override async Task MoveAsync(Guid appointmentId, string startsAt, string endsAt)
    {
        var text = await user.GetAsync(Href(appointmentId));
        text = Start().Replace(text, "DTSTART:" + Basic(startsAt));
        await user.PutTextAsync(Href(appointmentId), End().Replace(text, "DTEND:" + Basic(endsAt)));
    }

    public override async Task RenameAsync(Guid appointmentId, string title) =>
        await user.PutTextAsync(Href(appointmentId), Summary().Replace(await user.GetAsync(Href(appointmentId)), "SUMMARY:" + title));

    public override Task DeleteAsync(Guid appointmentId) => user.DeleteAsync(Href(appointmentId));

    public override async Task<Shown> ReadAsync(Guid appointmentId)
    {
        var entry = Ical.Net.Calendar.Load(await user.GetAsync(Href(appointmentId)))!.Events.Single();
        return new Shown(
            Utc(new DateTimeOffset(entry.DtStart!.AsUtc, TimeSpan.Zero)), Utc(new DateTimeOffset(entry.DtEnd!.AsUtc, TimeSpan.Zero)),
            entry.Summary!, entry.Location!, entry.Description!);
    }

    public override Task<int> CountAsync() => user.CountAsync();

    public override async Task ShutOutAsync()
    {
        await using var connection = await app.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await connection.ExecuteAsync("update calendar_connections set user_name = 'nobody' where url = @Url", new { Url = user.Calendar.AbsoluteUri });
    }

    private static string Href(Guid appointmentId) => $"kv-{appointmentId}";

    private static string Basic(string text) => Moment(text).UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    [GeneratedRegex(@"DTSTART:\d{8}T\d{6}Z")]
    private static partial Regex Start();

    [GeneratedRegex(@"DTEND:\d{8}T\d{6}Z")]
    private static partial Regex End();

    [GeneratedRegex(@"SUMMARY:[^\r\n]*")]
    private static partial Regex Summary();
}

internal sealed class GoogleTechnician(KestrelVoiceApp app, GoogleUser user) : Technician
{
    public override string CalendarName => user.Email;

    public override Task<JsonElement> ConnectAsync(HttpClient client, string resourceId) => app.GivenAGoogleCalendar(client, resourceId, user);

    public override Task PutAsync(string name, string startsAt, string endsAt)
    {
        user.Calendar.Put(name, GoogleConsent.Event(startsAt, endsAt));
        return Task.CompletedTask;
    }

    public override Task MoveAsync(Guid appointmentId, string startsAt, string endsAt) => PutAsync(GoogleEventId.Of(appointmentId), startsAt, endsAt);

    public override Task RenameAsync(Guid appointmentId, string title)
    {
        user.Calendar.Put(GoogleEventId.Of(appointmentId), new JsonObject { ["summary"] = title });
        return Task.CompletedTask;
    }

    public override Task DeleteAsync(Guid appointmentId)
    {
        user.Calendar.Delete(GoogleEventId.Of(appointmentId));
        return Task.CompletedTask;
    }

    public override Task<Shown> ReadAsync(Guid appointmentId)
    {
        var item = user.Calendar.Events.Single(each => (string?)each["id"] == GoogleEventId.Of(appointmentId));
        return Task.FromResult(new Shown(
            Utc(Moment(At(item, "start"))), Utc(Moment(At(item, "end"))), (string)item["summary"]!, (string)item["location"]!, (string)item["description"]!));
    }

    public override Task<int> CountAsync() => Task.FromResult(user.Calendar.Events.Count);

    public override Task ShutOutAsync()
    {
        user.WithdrawAccess();
        return Task.CompletedTask;
    }

    private static string At(JsonObject item, string which) => (string)item[which]!["dateTime"]!;
}
