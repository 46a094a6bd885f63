using System.Globalization;
using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Processes;
using Npgsql;

namespace KestrelVoice.Cli.Up;

/// <summary>The parts of a run, in the order in which they start.</summary>
internal static class RunParts
{
    internal const string Postgres = "postgres";

    public static RunPart Database(Database database)
    {
        var address = new NpgsqlConnectionStringBuilder(database.Administrator);
        return new(
            Postgres,
            database.Cluster is { } cluster ? ProcessIdentity.Of(cluster.ProcessId) : null,
            string.Create(CultureInfo.InvariantCulture, $"{address.Host}:{address.Port}"),
            Health: null);
    }

    public static RunPart Twilio(PortPlan ports) => new("twilio", ProcessIdentity.Current, ports.TwilioUrl, Loopback(ports.Twilio, "/"));

    public static RunPart Google(PortPlan ports) => new("google", ProcessIdentity.Current, ports.GoogleUrl, Loopback(ports.Google, "/"));

    public static IEnumerable<RunPart> Served(PortPlan ports, ProcessIdentity? sidecars) =>
    [
        new("host-sidecar", sidecars, PortPlan.Url(ports.HostSidecar), Loopback(ports.HostSidecar, "/v1.0/healthz")),
        new("host", null, ports.HostUrl, Loopback(ports.Host, "/health/ready")),
        new("voice-sidecar", sidecars, PortPlan.Url(ports.VoiceSidecar), Loopback(ports.VoiceSidecar, "/v1.0/healthz")),
        new("voice", null, ports.VoiceUrl, Loopback(ports.Voice, "/health/ready")),
    ];

    /// <summary>Fills in which process is whose, by its command line.</summary>
    public static IReadOnlyList<RunPart> WithProcesses(IReadOnlyList<RunPart> parts, IReadOnlyList<(ProcessIdentity Identity, string Command)> below)
    {
        ProcessIdentity? Holding(params string[] words) =>
            below.FirstOrDefault(process => Array.TrueForAll(words, word => process.Command.Contains(word, StringComparison.Ordinal))).Identity;

        return
        [
            .. parts.Select(part => part.Name switch
            {
                "host" => part with { Process = Holding("KestrelVoice.Host.dll") },
                "voice" => part with { Process = Holding("KestrelVoice.Voice.dll") },
                "host-sidecar" => part with { Process = Holding("daprd", "--app-id host") ?? part.Process },
                "voice-sidecar" => part with { Process = Holding("daprd", "--app-id voice") ?? part.Process },
                _ => part,
            }),
        ];
    }

    // Not localhost: that may be asked for on IPv6 first, and the apps listen on 127.0.0.1.
    private static string Loopback(int port, string path) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}{path}");
}
