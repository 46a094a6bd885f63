using System.Text.Json;
using KestrelVoice.CallSimulator.Scripts;

namespace KestrelVoice.CallSimulator.Command;

/// <summary>Compares a call log, as the API returns it, with what a script expects.</summary>
internal static class CallLogCheck
{
    /// <returns>The first difference, or null.</returns>
    public static string? Unmet(JsonElement log, CallLogExpectation expected)
    {
        var status = Text(log, "status");
        if (status == "in-progress")
            return "status is still in-progress";
        if (expected.Status is { } wantedStatus && status != wantedStatus)
            return $"status is {status}, expected {wantedStatus}";
        if (expected.Outcome is { } wantedOutcome && Text(log, "outcome") is var outcome && outcome != wantedOutcome)
            return $"outcome is {outcome ?? "null"}, expected {wantedOutcome}";
        if (expected.Emergency is { } wantedEmergency && log.GetProperty("emergency").GetBoolean() != wantedEmergency)
            return $"emergency is {(wantedEmergency ? "false, expected true" : "true, expected false")}";
        if (expected.Recording is { } wantedRecording && Text(log, "recording_url") is not null != wantedRecording)
            return wantedRecording ? "there is no recording_url" : "there is a recording_url, expected none";

        var turns = log.TryGetProperty("turns", out var found) ? Strings(found).ToList() : [];
        return expected.TurnsContain.FirstOrDefault(text => !turns.Any(text.In)) is { } missing ? $"no turn contains {missing}" : null;
    }

    private static string? Text(JsonElement item, string property) =>
        item.TryGetProperty(property, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static IEnumerable<string> Strings(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => [element.GetString()!],
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Strings),
        JsonValueKind.Object => element.EnumerateObject().SelectMany(property => Strings(property.Value)),
        _ => [],
    };
}
