using System.Globalization;

namespace KestrelVoice.Cli.Up;

/// <summary>The ports of one copy, all counted from one base.</summary>
/// <param name="Base">5000 unless moved.</param>
internal sealed record PortPlan(int Base)
{
    internal const int DefaultBase = 5000;
    internal const int Highest = 65_000;

    public int Postgres => Base + 70;

    public int Twilio => Base + 71;

    public int Google => Base + 72;

    public int Host => Base + 80;

    public int HostSidecar => Base + 81;

    public int HostSidecarGrpc => Base + 82;

    public int Voice => Base + 90;

    public int VoiceSidecar => Base + 91;

    public int VoiceSidecarGrpc => Base + 92;

    public string HostUrl => Url(Host);

    public string VoiceUrl => Url(Voice);

    public string TwilioUrl => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Twilio}");

    public string GoogleUrl => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Google}");

    public IEnumerable<(int Port, string Use)> All(bool ownPostgres)
    {
        if (ownPostgres)
            yield return (Postgres, "PostgreSQL");
        yield return (Twilio, "the Twilio stand-in");
        yield return (Google, "the stand-in for Google");
        yield return (Host, "the API app");
        yield return (HostSidecar, "its sidecar");
        yield return (HostSidecarGrpc, "its sidecar's gRPC");
        yield return (Voice, "the voice app");
        yield return (VoiceSidecar, "its sidecar");
        yield return (VoiceSidecarGrpc, "its sidecar's gRPC");
    }

    internal static string Url(int port) => string.Create(CultureInfo.InvariantCulture, $"http://localhost:{port}");
}
