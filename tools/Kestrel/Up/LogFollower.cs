using System.Text;

namespace KestrelVoice.Cli.Up;

/// <summary>Hands on the lines that are added to a file, across its replacement by a new one.</summary>
internal sealed class LogFollower(string path, Action<string> onLine) : IDisposable
{
    private readonly StringBuilder partial = new();
    private FileStream? file;

    /// <summary>Begins at the end of what is there now.</summary>
    public void SkipExisting()
    {
        if (TryOpen())
            file!.Seek(0, SeekOrigin.End);
    }

    public async Task PumpAsync(CancellationToken cancellationToken)
    {
        if (!TryOpen())
            return;
        await DrainAsync(cancellationToken);
        if (!WasReplaced())
            return;
        await file!.DisposeAsync();
        file = null;
        if (TryOpen())
            await DrainAsync(cancellationToken);
    }

    public void Dispose() => file?.Dispose();

    private bool TryOpen()
    {
        if (file is not null)
            return true;
        if (!File.Exists(path))
            return false;
        file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        return true;
    }

    /// <summary>A new log begins small; an equal or longer one is told apart once it has been written to.</summary>
    private bool WasReplaced() => File.Exists(path) && new FileInfo(path).Length < file!.Position;

    private async Task DrainAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[32 * 1024];
        while (await file!.ReadAsync(buffer, cancellationToken) is var read and > 0)
            partial.Append(Encoding.UTF8.GetString(buffer, 0, read));

        var text = partial.ToString();
        var end = text.LastIndexOf('\n');
        if (end < 0)
            return;
        partial.Clear().Append(text[(end + 1)..]);
        foreach (var line in text[..end].Split('\n'))
            onLine(line.TrimEnd('\r'));
    }
}
