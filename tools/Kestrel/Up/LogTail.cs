namespace KestrelVoice.Cli.Up;

/// <summary>The end of a file that another process may be writing.</summary>
internal static class LogTail
{
    private const int Window = 256 * 1024;

    public static IReadOnlyList<string> Lines(string path, int count)
    {
        if (!File.Exists(path))
            return [];
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var cut = file.Length > Window;
        if (cut)
            file.Seek(-Window, SeekOrigin.End);
        using var reader = new StreamReader(file);
        var lines = reader.ReadToEnd().TrimEnd('\n').Split('\n');
        return [.. lines.Skip(cut ? 1 : 0).TakeLast(count).Where(line => line.Length > 0)];
    }
}
