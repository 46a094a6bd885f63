using System.Text.Json;
using System.Text.Json.Serialization;

namespace KestrelVoice.Cli.Home;

/// <summary>Files that only their owner may read, replaced as a whole or not at all.</summary>
internal static class PrivateFile
{
    internal static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static void CreateFolder(string path)
    {
        // Not tightened further than others' execute right: the database server may have to pass through as another user.
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, (UnixFileMode)0b111_001_001);
    }

    public static FileStreamOptions Creation(FileMode mode)
    {
        var creation = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, Share = FileShare.Read };
        if (!OperatingSystem.IsWindows())
            creation.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return creation;
    }

    public static void WriteJson<T>(string path, T content)
    {
        var written = $"{path}.{Environment.ProcessId}.new";
        File.Delete(written);
        using (var file = new FileStream(written, Creation(FileMode.CreateNew)))
            JsonSerializer.Serialize(file, content, Json);
        File.Move(written, path, overwrite: true);
    }

    /// <summary>Null when there is no such file, or when it is not what was written.</summary>
    public static T? ReadJson<T>(string path)
        where T : class
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return JsonSerializer.Deserialize<T>(file, Json);
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            return null;
        }
    }
}
