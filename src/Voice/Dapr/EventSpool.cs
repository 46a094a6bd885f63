using System.Text.Json;
using KestrelVoice.Contracts;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Voice.Dapr;

/// <summary>Events that the sidecar has not taken yet, one file each, on a disk that outlives the process.</summary>
internal sealed partial class EventSpool
{
    private const string Suffix = ".event.json";
    private const string UnfinishedSuffix = ".tmp";
    private const string UnreadableSuffix = ".unreadable";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _folder;
    private readonly ILogger<EventSpool> _logger;

    public EventSpool(IOptions<VoiceOptions> options, ILogger<EventSpool> logger)
    {
        (_folder, _logger) = (Path.GetFullPath(options.Value.SpoolPath), logger);
    }

    /// <summary>Returns when the event is on the disk.</summary>
    public async Task WriteAsync(OutgoingEvent outgoing)
    {
        CreateFolder();
        var path = Path.Combine(_folder, outgoing.EventId + Suffix);
        // Two attempts of one webhook may write the same event at the same moment.
        var unfinished = $"{path}.{Path.GetRandomFileName()}{UnfinishedSuffix}";
        var creation = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.Asynchronous };
        if (!OperatingSystem.IsWindows())
            creation.UnixCreateMode = OwnerOnly;
        await using (var file = new FileStream(unfinished, creation))
        {
            await JsonSerializer.SerializeAsync(file, outgoing, ContractJson.Options);
            file.Flush(flushToDisk: true);
        }
        File.Move(unfinished, path, overwrite: true);
    }

    /// <summary>What waits, oldest first.</summary>
    public IReadOnlyList<string> Waiting() => Directory.Exists(_folder)
        ?
        [
            .. new DirectoryInfo(_folder).EnumerateFiles("*" + Suffix)
                .OrderBy(file => file.LastWriteTimeUtc).ThenBy(file => file.Name, StringComparer.Ordinal).Select(file => file.FullName),
        ]
        : [];

    /// <summary>Null when the file is gone, or when it is no event and has been put aside.</summary>
    public async Task<OutgoingEvent?> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            await using var file = File.OpenRead(path);
            return await JsonSerializer.DeserializeAsync<OutgoingEvent>(file, ContractJson.Options, cancellationToken)
                is { EventId: not null, Type: not null, CallSid: not null } outgoing ? outgoing : throw new JsonException("Members are missing.");
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (JsonException)
        {
            LogUnreadable(Path.GetFileName(path));
            File.Move(path, path + UnreadableSuffix, overwrite: true);
            return null;
        }
    }

    public static void Remove(string path) => File.Delete(path);

    private void CreateFolder()
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(_folder);
        else
            Directory.CreateDirectory(_folder, OwnerOnly | UnixFileMode.UserExecute);
    }

    [LoggerMessage(LogLevel.Error, "The waiting event {File} is not readable and was put aside.")]
    private partial void LogUnreadable(string file);
}
