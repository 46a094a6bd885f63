using System.Globalization;
using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Processes;
using KestrelVoice.Cli.Up;

namespace KestrelVoice.Cli.Machine;

/// <summary>What a run needs of the machine, besides PostgreSQL.</summary>
internal static class MachineCheck
{
    private const long NeededBytes = 500L * 1024 * 1024;
    private const string DemoTimeZone = "America/Los_Angeles";

    /// <exception cref="KestrelException">Something is missing; the message says what and how to get it.</exception>
    public static string Run(KestrelHome home, PortPlan ports, bool ownPostgres)
    {
        var taken = ports.All(ownPostgres).Where(port => !FreePort.IsFree(port.Port)).ToList();
        if (taken.Count > 0)
        {
            var list = string.Join(", ", taken.Select(port => string.Create(CultureInfo.InvariantCulture, $"{port.Port} ({port.Use})")));
            throw new KestrelException(
                $"In use by another program: port {list}.\nMove all ports: ./kestrel up --port-base {Suggest(ownPostgres)}");
        }

        if (MissingTimeZones() is { } zones)
            throw new KestrelException(zones);
        var free = FreeBytes(home);
        if (free < NeededBytes)
            throw new KestrelException($"Only {free / 1024 / 1024} MB of disk are free at {home.State}; {NeededBytes / 1024 / 1024} MB are needed.");
        return string.Create(CultureInfo.InvariantCulture, $"ports {ports.Base + 70} to {ports.Base + 92} free, {free / 1024 / 1024 / 1024} GB of disk");
    }

    public static string? MissingTimeZones() =>
        TimeZoneInfo.TryFindSystemTimeZoneById(DemoTimeZone, out _) ? null : $"The time zone data of the system is missing. Get it: {HowToGet.TimeZones}";

    public static long FreeBytes(KestrelHome home)
    {
        var folder = new DirectoryInfo(home.State);
        while (!folder.Exists && folder.Parent is not null)
            folder = folder.Parent;
        return new DriveInfo(folder.FullName).AvailableFreeSpace;
    }

    private static int Suggest(bool ownPostgres)
    {
        for (var portBase = 6000; portBase < PortPlan.Highest; portBase += 100)
        {
            if (new PortPlan(portBase).All(ownPostgres).All(port => FreePort.IsFree(port.Port)))
                return portBase;
        }

        return 6000;
    }
}
