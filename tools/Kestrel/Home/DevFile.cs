namespace KestrelVoice.Cli.Home;

/// <summary><c>.kestrel/dev.json</c>: everything a script or a test needs to talk to the running copy. Exists only while it is up.</summary>
internal sealed record DevFile
{
    public required string ApiUrl { get; init; }

    public required string VoiceUrl { get; init; }

    public required string Email { get; init; }

    public required string Password { get; init; }

    public required string ApiKey { get; init; }

    public required string TenantId { get; init; }

    public required string PhoneNumber { get; init; }

    public required string TwilioAccountSid { get; init; }

    public required string TwilioAuthToken { get; init; }

    public required string TwilioApiUrl { get; init; }

    public required string PublishableKey { get; init; }

    public required string DaprApiToken { get; init; }

    public static DevFile? Read(KestrelHome home) => PrivateFile.ReadJson<DevFile>(home.DevFile);

    public void Write(KestrelHome home) => PrivateFile.WriteJson(home.DevFile, this);
}
