namespace KestrelVoice.Cli.Home;

/// <summary>Held by the one <c>up</c> of a home. The system lets go of it when the process ends, however it ends.</summary>
internal sealed class RunLock : IDisposable
{
    private const int Attempts = 5;

    private readonly FileStream file;

    private RunLock(FileStream file) => this.file = file;

    /// <summary>Null when another process holds it.</summary>
    public static async Task<RunLock?> TryTakeAsync(KestrelHome home, CancellationToken cancellationToken)
    {
        // Somebody who only looks holds it for an instant too.
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            if (TryOpen(home) is { } file)
                return new RunLock(file);
            await Task.Delay(TimeSpan.FromMilliseconds(50 * attempt), cancellationToken);
        }

        return null;
    }

    public static async Task<bool> IsHeldAsync(KestrelHome home, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(home.Run))
            return false;
        using var taken = await TryTakeAsync(home, cancellationToken);
        return taken is null;
    }

    public void Dispose() => file.Dispose();

    private static FileStream? TryOpen(KestrelHome home)
    {
        try
        {
            return new FileStream(Path.Combine(home.Run, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
