namespace KestrelVoice.Voice.Receptionist;

/// <summary>What must be found out, or done, at the host before the caller can be answered.</summary>
internal abstract record Errand
{
    private Errand() { }

    /// <param name="ServiceId">Of which service.</param>
    /// <param name="After">Later than this one; null for the first.</param>
    /// <param name="HoldId">What the call holds already.</param>
    public sealed record FindTimes(Guid ServiceId, DateTimeOffset? After, Guid? HoldId) : Errand;

    /// <param name="ServiceId">What for.</param>
    /// <param name="StartsAt">When.</param>
    /// <param name="Name">Whose; null before they said so.</param>
    public sealed record Hold(Guid ServiceId, DateTimeOffset StartsAt, string? Name) : Errand;

    public sealed record Book(Guid ServiceId, DateTimeOffset StartsAt, Guid HoldId) : Errand;
}
