using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using KestrelVoice.Features.Calendars.CalDav;
using KestrelVoice.Features.Calendars.Google;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.Secrets;

namespace KestrelVoice.Features.Calendars;

/// <summary>Which calendar it is and how to get in, as stored.</summary>
internal sealed record CalendarConnection(Guid TenantId, Guid Id, string Kind, string Url, string UserName, string Secret, string TimeZone);

/// <summary>From what is stored to the calendar itself.</summary>
internal sealed class CalendarConnections(CalDavClient calDav, GoogleClient google, Envelope envelope)
{
    public const string CalDav = "caldav";
    public const string Google = "google";

    /// <exception cref="System.Security.Cryptography.CryptographicException">The secret does not open.</exception>
    public ICalendar Open(CalendarConnection connection)
    {
        var secret = SecretOf(connection.TenantId, connection.Id, connection.Secret);
        return connection.Kind switch
        {
            CalDav => new CalDavBacked(
                calDav, new CalDavAccount(new Uri(connection.Url), connection.UserName, secret), new Uri(connection.Url), connection.TimeZone),
            Google => new GoogleBacked(
                google, new GoogleAccount(connection.Id, secret), GoogleCalendarUrl.IdOf(connection.Url), connection.TimeZone),
            _ => throw new UnreachableException(),
        };
    }

    /// <summary>The password, or the refresh token.</summary>
    public string SecretOf(Guid tenantId, Guid id, string sealedSecret) => Encoding.UTF8.GetString(envelope.Open(sealedSecret, Context(tenantId, id)));

    public string Seal(Guid tenantId, Guid id, string secret) => envelope.Seal(Encoding.UTF8.GetBytes(secret), Context(tenantId, id));

    private static string Context(Guid tenantId, Guid id) => $"{tenantId}|calendar_secret|{id}";
}

/// <summary>A connected calendar as the API shows it, without what opens it.</summary>
internal sealed record CalendarItem(
    [property: Description("TypeID, cal_ + 26 characters.")] string Id,
    [property: Description("caldav or google.")] string Kind,
    [property: Description("Whose calendar it is.")] string ResourceId,
    string Name,
    [property: Description("Which calendar it is, at its server.")] string Url,
    [property: Description("Who opens it: the user name, or the address of the Google account.")] string Username,
    [property: Description("Whether the resource's appointments are written there.")] bool ReceivesAppointments,
    [property: Description("connected, or failing: what was read last counts until it is connected again.")] string Status,
    [property: Description("Why it fails, or what of it could not be read; else null.")] string? Error,
    DateTime? FailingSince,
    [property: Description("When it was last read; until it was, its resource is not free at all.")] DateTime? SyncedAt,
    [property: Description("Until when its busy times are known.")] DateTime? KnownUntil,
    [property: Description("Seconds from one reading to the next.")] int PollInterval,
    DateTime CreatedAt);

internal sealed record CalendarRow(
    Guid Id, string Kind, Guid ResourceId, string Name, string Url, string UserName, bool ReceivesAppointments, string Status, string? Error,
    DateTime? FailingSince, DateTime? SyncedAt, DateTime? SyncedTo, int PollSeconds, DateTime CreatedAt)
{
    public const string Columns =
        """
        id, kind, resource_id, name, url, user_name, receives_appointments, status, error, failing_since, synced_at, synced_to, poll_seconds, created_at
        """;

    /// <summary>With @Id.</summary>
    public const string Find =
        $"""
        select {Columns}
        from calendar_connections
        where tenant_id = @TenantId and id = @Id
        """;

    public CalendarItem Shown() => new(
        TypeId.Format(TypeId.Calendar, Id), Kind, TypeId.Format(TypeId.Resource, ResourceId), Name, Url, UserName, ReceivesAppointments, Status, Error,
        FailingSince, SyncedAt, SyncedTo, PollSeconds, CreatedAt);
}

/// <summary>What is said of every id of a calendar.</summary>
internal static class CalendarId
{
    public const string Rule = "id is cal_ and 26 characters, or a UUID.";

    public static bool IsOne(string? text) => TypeId.TryParse(TypeId.Calendar, text, out _);
}
