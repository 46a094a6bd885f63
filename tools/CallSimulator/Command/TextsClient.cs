using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using KestrelVoice.CallSimulator.Texts;

namespace KestrelVoice.CallSimulator.Command;

/// <summary>Reads the texts that somebody was sent, as Twilio's API lists them.</summary>
internal sealed class TextsClient : IDisposable
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(150);

    private readonly HttpClient http;
    private readonly string path;

    public TextsClient(string standInUrl, string accountSid, string authToken)
    {
        http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(5) })
        {
            BaseAddress = new Uri(standInUrl),
            Timeout = TimeSpan.FromSeconds(10),
        };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{accountSid}:{authToken}")));
        path = $"/2010-04-01/Accounts/{accountSid}/Messages.json";
    }

    /// <summary>All to that number, the newest first; none while it cannot be asked.</summary>
    public async Task<IReadOnlyList<SentText>> ToAsync(string number, CancellationToken cancellationToken)
    {
        try
        {
            var page = await http.GetFromJsonAsync<JsonElement>($"{path}?To={Uri.EscapeDataString(number)}", cancellationToken);
            return page.GetProperty("messages").Deserialize<SentText[]>() ?? [];
        }
        catch (HttpRequestException)
        {
            return [];
        }
    }

    /// <returns>The first one that was not there before; null when none came in time.</returns>
    public async Task<SentText?> WaitAsync(string number, IReadOnlyList<SentText> before, TimeSpan patience, CancellationToken cancellationToken)
    {
        var known = before.Select(text => text.Sid).ToHashSet(StringComparer.Ordinal);
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            if ((await ToAsync(number, cancellationToken)).LastOrDefault(text => !known.Contains(text.Sid)) is { } arrived)
                return arrived;
            if (Stopwatch.GetElapsedTime(begun) > patience)
                return null;
            await Task.Delay(PollEvery, TimeProvider.System, cancellationToken);
        }
    }

    public void Dispose() => http.Dispose();
}
