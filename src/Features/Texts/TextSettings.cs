namespace KestrelVoice.Features.Texts;

internal sealed record TextSettings
{
    public const string Section = "Texts";

    /// <summary>Whether whoever books by phone is sent a text that says so.</summary>
    public bool ConfirmBookings { get; init; } = true;
}
