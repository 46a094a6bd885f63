using KestrelVoice.Cli.Home;

namespace KestrelVoice.Cli.Up;

/// <summary>What apps and sidecars of a run find in their environment.</summary>
internal sealed class RunEnvironment(KestrelHome home, PortPlan ports, Secrets secrets, Database database, string runId)
{
    private static readonly string[] Inherited =
    [
        "ASPNETCORE_URLS", "ASPNETCORE_HTTP_PORTS", "ASPNETCORE_HTTPS_PORTS", "DAPR_HTTP_PORT", "DAPR_GRPC_PORT", "DAPR_HTTP_ENDPOINT",
        "DAPR_GRPC_ENDPOINT", "APP_PORT", "APP_ID",
    ];

    public IReadOnlyDictionary<string, string?> ForApps() => new Dictionary<string, string?>(
        [.. Inherited.Select(name => KeyValuePair.Create(name, (string?)null)), .. HasGoogleClient ? [] : StandInForGoogle()])
    {
        [Processes.Descendants.Mark] = runId,
        ["ASPNETCORE_ENVIRONMENT"] = "Development",
        ["DAPR_API_TOKEN"] = secrets.DaprApiToken,
        ["APP_API_TOKEN"] = secrets.AppApiToken,
        ["ConnectionStrings__Kestrel"] = database.ForApp(secrets),
        ["Encryption__Keys__0"] = secrets.EncryptionKey,
        ["Auth__PublicUrl"] = ports.HostUrl,
        ["Auth__PublishableKey"] = secrets.PublishableKey,
        ["Twilio__ApiBaseUrl"] = ports.TwilioUrl,
        ["Twilio__AccountSid"] = secrets.TwilioAccountSid,
        ["Twilio__AuthToken"] = secrets.TwilioAuthToken,
        ["Voice__SpoolPath"] = home.Spool,
        // Receivers of webhooks are on this machine while somebody builds them; nothing but this command allows it.
        ["CustomerUrls__AllowedNetworks__0"] = "127.0.0.0/8",
        ["CustomerUrls__AllowedNetworks__1"] = "::1/128",
    };

    /// <summary>Whoever names a client of their own is sent to Google itself.</summary>
    private static bool HasGoogleClient => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("Google__ClientId"));

    /// <summary>For <c>migrate</c> and <c>seed-demo</c>, which alone may change the schema.</summary>
    public IReadOnlyDictionary<string, string?> ForCommands() => new Dictionary<string, string?>(ForApps())
    {
        ["ConnectionStrings__Migrations"] = database.Administrator,
    };

    private IEnumerable<KeyValuePair<string, string?>> StandInForGoogle() =>
    [
        new("Google__ClientId", Supervisor.GoogleClientId),
        new("Google__ClientSecret", runId),
        new("Google__BaseUrls__Accounts", ports.GoogleUrl),
        new("Google__BaseUrls__OAuth", ports.GoogleUrl),
        new("Google__BaseUrls__Api", ports.GoogleUrl),
    ];
}
