namespace KestrelVoice.Contracts;

/// <summary>Something that callers may book.</summary>
/// <param name="Id">Of the service.</param>
/// <param name="Name">As it is spoken.</param>
public sealed record BookableService(Guid Id, string Name);

/// <summary>Asks for the next times at which a service could begin.</summary>
/// <param name="TenantId">Whose service it is.</param>
/// <param name="ServiceId">Which.</param>
/// <param name="After">The last time that the caller heard; null for the first ones there are.</param>
/// <param name="HoldId">What the call itself holds, which is not in its own way.</param>
public sealed record TimesWanted(Guid TenantId, Guid ServiceId, DateTimeOffset? After, Guid? HoldId);

/// <summary>Asks for a time to be kept for a call. A call holds one time at most; asked for again, it is held for longer.</summary>
/// <param name="Call">The call; its <see cref="CallHeader.From"/> is the customer's number.</param>
/// <param name="ServiceId">What for.</param>
/// <param name="StartsAt">When it begins.</param>
/// <param name="CustomerName">Who the caller is; null keeps what was said before.</param>
public sealed record HoldWanted(CallHeader Call, Guid ServiceId, DateTimeOffset StartsAt, string? CustomerName);

/// <summary>Asks for what a call holds to be booked. Asked for again, it is booked once.</summary>
/// <param name="Call">The call.</param>
/// <param name="HoldId">What it holds.</param>
/// <param name="ServiceId">What for, should the hold be lost.</param>
/// <param name="StartsAt">When it begins, should the hold be lost.</param>
public sealed record BookingWanted(CallHeader Call, Guid HoldId, Guid ServiceId, DateTimeOffset StartsAt);

/// <summary>Answers all three.</summary>
/// <param name="AppointmentId">What is held or booked now; null when that time is not free.</param>
/// <param name="Times">Otherwise, the next times that are, in their order; none when there are none.</param>
public sealed record BookingAnswer(Guid? AppointmentId, IReadOnlyList<DateTimeOffset> Times);
