using KestrelVoice.Cli.Machine;
using KestrelVoice.Cli.Output;
using KestrelVoice.Cli.Processes;

namespace KestrelVoice.Cli.Testing;

/// <summary>Radicale, the real CalDAV server that the tests start for themselves.</summary>
internal static class CalendarServer
{
    public static async Task EnsureAsync(Steps steps, CancellationToken cancellationToken)
    {
        if (await IsHereAsync(cancellationToken))
            return;
        if (!DebianPackages.CanInstall)
            throw new KestrelException($"Radicale is needed: tests keep calendars in it. Get it: {HowToGet.Radicale}");
        await steps.RunAsync(
            "Installing Radicale", step => DebianPackages.InstallAsync(["radicale"], line => step.Now = line, cancellationToken), cancellationToken);
    }

    private static async Task<bool> IsHereAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await Subprocess.RunAsync(new("radicale", ["--version"]), cancellationToken)).Succeeded;
        }
        catch (KestrelException)
        {
            return false;
        }
    }
}
