using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using KestrelVoice.CallSimulator.Scripts;

namespace KestrelVoice.CallSimulator.Command;

/// <param name="message">What the API answered.</param>
internal sealed class CallLogException(string message) : Exception(message);

/// <summary>
/// Finds the log of a call that was just made. The API knows nothing of Twilio's ids, so it is the caller's newest that was not there before.
/// </summary>
internal sealed class CallLogClient : IDisposable
{
    private const int Newest = 100;
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(150);

    // The voice app takes the time of a call from its own clock.
    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(5);

    private readonly HttpClient http;

    public CallLogClient(string apiUrl, string apiKey)
    {
        http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5) })
        {
            BaseAddress = new Uri(apiUrl.TrimEnd('/') + "/"),
            Timeout = TimeSpan.FromSeconds(10),
        };
        http.DefaultRequestHeaders.Add("X-API-Key", apiKey);
    }

    public async Task<HashSet<string>> KnownAsync(CancellationToken cancellationToken) =>
        await ListAsync(cancellationToken) is { } list
            ? [.. list.Select(item => Text(item, "id")!)]
            : throw new CallLogException($"the API at {http.BaseAddress} cannot be reached");

    /// <returns>The log as last seen, and what is still missing from it when the time was up.</returns>
    public async Task<(JsonElement? Log, string? Unmet)> WaitAsync(
        HashSet<string> before, string from, DateTimeOffset started, CallLogExpectation expectation, bool awaitRecording, CancellationToken cancellationToken)
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            var log = await FindAsync(before, from, started, cancellationToken);
            var unmet = log is { } found
                ? CallLogCheck.Unmet(found, expectation)
                : "the API lists no new call of this caller (a seed used before is a call it already has)";
            var enough = unmet is null && (!awaitRecording || Text(log!.Value, "recording_url") is not null);
            if (enough || Stopwatch.GetElapsedTime(begun) > expectation.Within)
                return (log, unmet);
            await Task.Delay(PollEvery, TimeProvider.System, cancellationToken);
        }
    }

    public void Dispose() => http.Dispose();

    private async Task<JsonElement?> FindAsync(HashSet<string> before, string from, DateTimeOffset started, CancellationToken cancellationToken)
    {
        var list = await ListAsync(cancellationToken) ?? [];
        var item = list.FirstOrDefault(candidate =>
            Text(candidate, "phone_number") == from
            && !before.Contains(Text(candidate, "id")!)
            && candidate.GetProperty("created_at").GetDateTimeOffset() >= started - ClockSkew);
        return item.ValueKind == JsonValueKind.Undefined ? null : await GetAsync($"api/call-logs/{Text(item, "id")}", cancellationToken);
    }

    private async Task<List<JsonElement>?> ListAsync(CancellationToken cancellationToken) =>
        await GetAsync($"api/call-logs?limit={Newest}", cancellationToken) is { } page ? [.. page.GetProperty("data").EnumerateArray()] : null;

    /// <returns>Null while the API cannot be asked; a refusal is final.</returns>
    private async Task<JsonElement?> GetAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await http.GetAsync(path, cancellationToken);
            if (response.IsSuccessStatusCode)
                return await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
            if (response.StatusCode >= HttpStatusCode.InternalServerError || response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.NotFound)
                return null;
            throw new CallLogException($"the API refuses /{path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(cancellationToken)}");
        }
        catch (HttpRequestException)
        {
            return null;
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private static string? Text(JsonElement item, string property) =>
        item.TryGetProperty(property, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
