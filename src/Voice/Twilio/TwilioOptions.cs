using System.ComponentModel.DataAnnotations;

namespace KestrelVoice.Voice.Twilio;

/// <summary>The Twilio account whose numbers reach us.</summary>
internal sealed class TwilioOptions
{
    public const string Section = "Twilio";

    [Required, RegularExpression("^AC[0-9a-fA-F]{32}$")]
    public string AccountSid { get; init; } = "";

    [Required]
    public string AuthToken { get; init; } = "";

    /// <summary>Accepted as well while the account's token is being rotated.</summary>
    public string? PreviousAuthToken { get; init; }

    /// <summary>Newest first.</summary>
    public IReadOnlyList<string> Tokens => string.IsNullOrWhiteSpace(PreviousAuthToken) ? [AuthToken] : [AuthToken, PreviousAuthToken];
}
