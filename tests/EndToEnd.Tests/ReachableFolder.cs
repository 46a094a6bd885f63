namespace KestrelVoice.EndToEnd.Tests;

/// <summary>A folder of one test that a server under another account can pass through; gone after the test.</summary>
internal sealed class ReachableFolder : IDisposable
{
    public ReachableFolder()
    {
        Path = Directory.CreateTempSubdirectory("kestrel-copy-").FullName;
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Path, (UnixFileMode)0b111_101_101);
    }

    public string Path { get; }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
