using System.Collections.Concurrent;

namespace KestrelVoice.GoogleStandIn;

/// <summary>Somebody with a Google account.</summary>
public sealed class GoogleUser
{
    private readonly World world;
    private readonly List<GoogleCalendar> calendars = [];
    private readonly ConcurrentQueue<RefusalException> faults = new();

    internal GoogleUser(World world, string email) => (this.world, Email) = (world, email);

    /// <summary>By which they sign in.</summary>
    public string Email { get; }

    /// <summary>Their own calendar.</summary>
    public GoogleCalendar Calendar => calendars[0];

    /// <summary>One more calendar.</summary>
    /// <param name="id">Looks like an address.</param>
    /// <param name="summary">Its name.</param>
    /// <param name="timeZone">Its time zone's IANA name.</param>
    /// <param name="accessRole">owner, writer, reader or freeBusyReader.</param>
    public GoogleCalendar AddCalendar(string id, string summary, string timeZone, string accessRole = "owner")
    {
        var calendar = new GoogleCalendar(world, Email, id, summary, timeZone, accessRole);
        lock (calendars)
            calendars.Add(calendar);
        return calendar;
    }

    /// <summary>It is not theirs any more.</summary>
    /// <param name="calendar">Which.</param>
    public void RemoveCalendar(GoogleCalendar calendar)
    {
        lock (calendars)
            calendars.Remove(calendar);
    }

    /// <summary>Whether any app may still do anything for them.</summary>
    public bool HasGrants => world.Grants.Has(this);

    /// <summary>Takes back, on their account's page, all that they have granted.</summary>
    public void WithdrawAccess() => world.Grants.Withdraw(this);

    /// <summary>The next requests to their calendars are refused.</summary>
    /// <param name="times">How many.</param>
    /// <param name="status">With which status.</param>
    /// <param name="reason">With which reason, such as rateLimitExceeded.</param>
    /// <param name="retryAfter">Seconds that the answer asks to wait.</param>
    public void FailNext(int times, int status, string reason, int? retryAfter = null)
    {
        for (var time = 0; time < times; time++)
            faults.Enqueue(new RefusalException(status, reason, "Told to refuse") { RetryAfter = retryAfter });
    }

    internal void FailIfTold()
    {
        if (faults.TryDequeue(out var fault))
            throw fault;
    }

    internal IReadOnlyList<GoogleCalendar> Calendars
    {
        get
        {
            lock (calendars)
                return [.. calendars];
        }
    }

    internal GoogleCalendar Find(string id) =>
        (id == "primary" ? Calendar : Calendars.FirstOrDefault(calendar => calendar.Id == id)) ?? throw RefusalException.NotFound();
}
