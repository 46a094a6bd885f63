using System.Globalization;
using System.Text.Json;

namespace KestrelVoice.CallSimulator.Recordings;

/// <summary>What Twilio tells of a call over REST.</summary>
internal sealed record CallResource(
    string Sid, string AccountSid, string From, string To, string Status, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, int Seconds)
{
    /// <summary>As in Twilio's JSON: numbers as text, dates in RFC 2822, no duration and no end before there is one.</summary>
    public IReadOnlyDictionary<string, object?> Members()
    {
        var uri = $"/2010-04-01/Accounts/{AccountSid}/Calls/{Sid}";
        return new Dictionary<string, object?>
        {
            ["account_sid"] = AccountSid,
            ["answered_by"] = null,
            ["api_version"] = "2010-04-01",
            ["caller_name"] = null,
            ["date_created"] = CallParameters.Rfc2822(StartedAt),
            ["date_updated"] = CallParameters.Rfc2822(EndedAt ?? StartedAt),
            ["direction"] = "inbound",
            ["duration"] = EndedAt is null ? null : Seconds.ToString(CultureInfo.InvariantCulture),
            ["end_time"] = EndedAt is { } end ? CallParameters.Rfc2822(end) : null,
            ["forwarded_from"] = null,
            ["from"] = From,
            ["from_formatted"] = From,
            ["group_sid"] = null,
            ["parent_call_sid"] = null,
            ["phone_number_sid"] = null,
            ["price"] = null,
            ["price_unit"] = "USD",
            ["queue_time"] = "0",
            ["sid"] = Sid,
            ["start_time"] = CallParameters.Rfc2822(StartedAt),
            ["status"] = Status,
            ["subresource_uris"] = new Dictionary<string, string> { ["recordings"] = uri + "/Recordings.json" },
            ["to"] = To,
            ["to_formatted"] = To,
            ["trunk_sid"] = null,
            ["uri"] = uri + ".json",
        };
    }
}

/// <summary>Calls as files beside their recordings.</summary>
internal static class CallFile
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static string Path(string folder, string sid) => System.IO.Path.Combine(folder, sid + ".json");

    /// <summary>Whoever reads meanwhile finds the call as it was, or as it is, and never half of it.</summary>
    public static async Task WriteAsync(string folder, CallResource call, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        var unfinished = Path(folder, call.Sid) + ".part";
        await File.WriteAllBytesAsync(unfinished, JsonSerializer.SerializeToUtf8Bytes(call.Members(), Json), cancellationToken);
        File.Move(unfinished, Path(folder, call.Sid), overwrite: true);
    }
}
