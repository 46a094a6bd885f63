using System.Security.Cryptography;

namespace KestrelVoice.Cli.Home;

/// <summary>What this copy keeps to itself; made once, so that data and sign-ins of earlier runs stay valid.</summary>
internal sealed record Secrets
{
    public required string DatabaseRole { get; init; }

    public required string DatabasePassword { get; init; }

    public required string DaprApiToken { get; init; }

    public required string AppApiToken { get; init; }

    public required string EncryptionKey { get; init; }

    public required string TwilioAccountSid { get; init; }

    public required string TwilioAuthToken { get; init; }

    public required string PublishableKey { get; init; }

    public static Secrets ReadOrCreate(KestrelHome home)
    {
        if (PrivateFile.ReadJson<Secrets>(home.SecretsFile) is { } known)
            return known;
        if (File.Exists(home.SecretsFile))
            throw new KestrelException($"{home.SecretsFile} cannot be read. Repair it, or drop all local data: ./kestrel reset");

        var made = new Secrets
        {
            // Two copies may share one server through KESTREL_DATABASE_URL, and roles belong to the server.
            DatabaseRole = $"kestrelvoice_app_{Hex(4)}",
            DatabasePassword = Hex(24),
            DaprApiToken = Hex(32),
            AppApiToken = Hex(32),
            EncryptionKey = $"local1:{Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))}",
            TwilioAccountSid = $"AC{Hex(16)}",
            TwilioAuthToken = Hex(16),
            PublishableKey = $"sb_publishable_{Hex(16)}",
        };
        PrivateFile.WriteJson(home.SecretsFile, made);
        return made;
    }

    private static string Hex(int bytes) => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(bytes));
}
