namespace KestrelVoice.Features.Calendars;

/// <summary>Somebody's calendar, wherever it is kept.</summary>
/// <remarks>Every method throws <see cref="CalendarException"/>.</remarks>
internal interface ICalendar
{
    /// <param name="token">Of the last reading; null to read whatever is there.</param>
    /// <returns>Null when nothing has changed since.</returns>
    Task<CalendarReading?> ReadAsync(BusyTime range, string? token, CancellationToken cancellationToken);

    /// <summary>What is in that stretch of time at this moment.</summary>
    Task<CalendarReading> LookAsync(BusyTime range, CancellationToken cancellationToken);

    /// <summary>Where an appointment of ours is, always the same: whoever writes it twice writes it once.</summary>
    string HrefOf(Guid appointmentId);

    /// <returns>Null when it is not there.</returns>
    Task<OwnEntry?> FindAsync(string href, CancellationToken cancellationToken);

    /// <param name="etag">Of what is replaced; null when nothing may be there yet.</param>
    /// <returns>The ETag of what is there now.</returns>
    Task<string?> PutAsync(AppointmentEntry entry, string? etag, CancellationToken cancellationToken);

    /// <summary>Deletes what is as we knew it. What is gone already is fine.</summary>
    Task DeleteAsync(string href, string etag, CancellationToken cancellationToken);
}

/// <summary>An appointment as it is written to a calendar.</summary>
internal sealed record AppointmentEntry(
    Guid Id, int Version, DateTimeOffset Start, DateTimeOffset End, string Title, string? Place, string Text, DateTimeOffset ChangedAt);

/// <summary>An appointment of ours as it was found in a calendar.</summary>
/// <param name="Time">Null when somebody has made something of it that is no single time.</param>
/// <param name="IsCancelled">It is there, and says that it will not be.</param>
internal sealed record OwnEntry(string? ETag, BusyTime? Time, bool IsCancelled);

/// <summary>What a calendar holds in a stretch of time.</summary>
/// <param name="Token">To ask with next; null when the calendar cannot say what changed.</param>
/// <param name="Unreadable">How many entries say something that is no time.</param>
internal sealed record CalendarReading(string? Token, IReadOnlyList<CalendarEntry> Entries, int Unreadable);

/// <summary>An entry or a series, with when it keeps its owner busy.</summary>
internal sealed record CalendarEntry(string Href, string? ETag, IReadOnlyList<BusyTime> Busy);
