namespace KestrelVoice.Contracts;

/// <summary>Asks who owns a dialled number. In the body, because numbers do not belong in URLs.</summary>
/// <param name="PhoneNumber">The dialled number, E.164.</param>
public sealed record RoutingLookup(string PhoneNumber);

/// <summary>How the receptionist treats calls to one number.</summary>
/// <param name="TenantId">Owner of the number.</param>
/// <param name="BusinessName">As spoken in the greeting.</param>
/// <param name="TimeZone">IANA zone of <paramref name="OpeningHours"/>.</param>
/// <param name="OpeningHours">When the business is open; several a day are allowed, none means never.</param>
/// <param name="Greeting">Spoken first; null for the standard one.</param>
/// <param name="RecordCalls">Whether conversations are recorded, and callers told so.</param>
/// <param name="PersonNumber">Where "a person" is reached, E.164; null when there is nobody.</param>
/// <param name="OnCallNumber">Where emergencies go, E.164; null falls back to <paramref name="PersonNumber"/>.</param>
/// <param name="RingSeconds">How long to let a person's phone ring before voicemail, 5 to 60.</param>
/// <param name="EmergencyPhrases">Words that make a call an emergency; matched without regard to case, as whole words.</param>
/// <param name="Language">BCP-47, for speech in both directions.</param>
public sealed record RoutingSettings(
    Guid TenantId,
    string BusinessName,
    string TimeZone,
    IReadOnlyList<OpeningHours> OpeningHours,
    string? Greeting,
    bool RecordCalls,
    string? PersonNumber,
    string? OnCallNumber,
    int RingSeconds,
    IReadOnlyList<string> EmergencyPhrases,
    string Language)
{
    /// <summary>What callers may book, in the order in which it is offered; none when nothing is booked by phone.</summary>
    public IReadOnlyList<BookableService> Services { get; init; } = [];
}

/// <summary>One opening on one weekday, in the tenant's time zone.</summary>
/// <param name="Day">The weekday on which it opens.</param>
/// <param name="Opens">From this time.</param>
/// <param name="Closes">Until before this time; at or before <paramref name="Opens"/> means on the following day (so 00:00 to 00:00 is the whole day).</param>
public sealed record OpeningHours(DayOfWeek Day, TimeOnly Opens, TimeOnly Closes);
