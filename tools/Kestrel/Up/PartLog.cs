namespace KestrelVoice.Cli.Up;

/// <summary>The log file of one part of a run: bounded, with one predecessor, and readable while written.</summary>
internal sealed class PartLog : IDisposable
{
    private const long Limit = 16 * 1024 * 1024;

    private readonly Lock gate = new();
    private readonly string path;
    private StreamWriter? writer;
    private long written;

    public PartLog(string path)
    {
        this.path = path;
        writer = Begin();
    }

    public void Write(string line)
    {
        lock (gate)
        {
            if (writer is null)
                return;
            if (written > Limit)
            {
                writer.Dispose();
                writer = Begin();
            }

            writer.Write(line);
            writer.Write('\n');
            written += line.Length + 1;
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            writer?.Dispose();
            writer = null;
        }
    }

    private StreamWriter Begin()
    {
        if (File.Exists(path))
            File.Move(path, $"{path}.1", overwrite: true);
        written = 0;
        return new StreamWriter(new FileStream(path, Home.PrivateFile.Creation(FileMode.Create))) { AutoFlush = true };
    }
}
