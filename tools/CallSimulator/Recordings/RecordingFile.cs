using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;

namespace KestrelVoice.CallSimulator.Recordings;

/// <summary>What Twilio tells of a recording over REST.</summary>
internal sealed record RecordingFacts(
    string Sid, string AccountSid, string CallSid, int Seconds, int Channels, string Source, DateTimeOffset StartedAt)
{
    /// <summary>As in Twilio's JSON: numbers as text, dates in RFC 2822.</summary>
    public IReadOnlyDictionary<string, object?> Resource()
    {
        var uri = $"/2010-04-01/Accounts/{AccountSid}/Recordings/{Sid}";
        var date = CallParameters.Rfc2822(StartedAt);
        return new Dictionary<string, object?>
        {
            ["account_sid"] = AccountSid,
            ["api_version"] = "2010-04-01",
            ["call_sid"] = CallSid,
            ["channels"] = Channels,
            ["date_created"] = date,
            ["date_updated"] = date,
            ["start_time"] = date,
            ["duration"] = Seconds.ToString(CultureInfo.InvariantCulture),
            ["error_code"] = null,
            ["sid"] = Sid,
            ["source"] = Source,
            ["status"] = "completed",
            ["uri"] = uri + ".json",
        };
    }
}

/// <summary>Recordings as files: what was said is beeps, one a second, for as long as the recording is said to be.</summary>
internal static class RecordingFile
{
    private const int SampleRate = 8000;
    private const int HeaderLength = 44;
    private const double BeepHertz = 440;
    private static readonly byte[] OneSecond = Beep();

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static string Sound(string folder, string sid) => Path.Combine(folder, sid + ".wav");

    public static string Metadata(string folder, string sid) => Path.Combine(folder, sid + ".json");

    /// <summary>The facts of all recordings of a call, as they are served one by one.</summary>
    public static async Task<IReadOnlyList<JsonElement>> OfCallAsync(string folder, string callSid, CancellationToken cancellationToken)
    {
        var found = new List<JsonElement>();
        foreach (var sound in Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "RE*.wav") : [])
        {
            var facts = JsonElement.Parse(await File.ReadAllBytesAsync(Path.ChangeExtension(sound, ".json"), cancellationToken));
            if (facts.GetProperty("call_sid").GetString() == callSid)
                found.Add(facts);
        }
        return found;
    }

    /// <summary>The sound appears last and whole: whoever finds it finds all of it.</summary>
    public static async Task WriteAsync(string folder, RecordingFacts facts, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        await File.WriteAllBytesAsync(Metadata(folder, facts.Sid), JsonSerializer.SerializeToUtf8Bytes(facts.Resource(), Json), cancellationToken);
        var unfinished = Path.Combine(folder, facts.Sid + ".part");
        await using (var file = File.Create(unfinished))
        {
            await file.WriteAsync(Header(facts.Seconds), cancellationToken);
            for (var second = 0; second < facts.Seconds; second++)
                await file.WriteAsync(OneSecond, cancellationToken);
        }

        File.Move(unfinished, Sound(folder, facts.Sid), overwrite: true);
    }

    /// <summary>RIFF/WAVE, PCM, 16 bit, mono.</summary>
    private static byte[] Header(int seconds)
    {
        var data = seconds * SampleRate * sizeof(short);
        var header = new byte[HeaderLength];
        "RIFF"u8.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4), HeaderLength - 8 + data);
        "WAVEfmt "u8.CopyTo(header.AsSpan(8));
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(16), 16);
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(20), 1);
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(22), 1);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(24), SampleRate);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(28), SampleRate * sizeof(short));
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(32), sizeof(short));
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(34), 16);
        "data"u8.CopyTo(header.AsSpan(36));
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(40), data);
        return header;
    }

    private static byte[] Beep()
    {
        var second = new byte[SampleRate * sizeof(short)];
        for (var sample = 0; sample < SampleRate / 5; sample++)
        {
            var fade = Math.Sin(Math.PI * sample / (SampleRate / 5.0));
            var value = (short)(0.3 * short.MaxValue * fade * Math.Sin(2 * Math.PI * BeepHertz * sample / SampleRate));
            BinaryPrimitives.WriteInt16LittleEndian(second.AsSpan(sample * sizeof(short)), value);
        }

        return second;
    }
}
