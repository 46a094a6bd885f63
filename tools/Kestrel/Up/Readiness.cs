using System.Net;
using KestrelVoice.Cli.Home;

namespace KestrelVoice.Cli.Up;

/// <summary>Asks the parts of a run how they are.</summary>
internal sealed class Readiness : IDisposable
{
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(250);

    // Names like localhost cost a lookup that may be slow; proxies have no business here.
    private readonly HttpClient client = new(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(2) })
    {
        Timeout = TimeSpan.FromSeconds(5),
    };

    /// <summary>Null when well, else why not, in a few words.</summary>
    public async Task<string?> AskAsync(string health, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await client.GetAsync(new Uri(health), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            // The Twilio stand-in wants credentials; asking for them is a sign of life.
            return answer.IsSuccessStatusCode || answer.StatusCode is HttpStatusCode.Unauthorized ? null
                : answer.StatusCode is HttpStatusCode.ServiceUnavailable ? "not ready"
                : $"answers {(int)answer.StatusCode}";
        }
        catch (HttpRequestException)
        {
            return "not reachable";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return "does not answer in time";
        }
    }

    /// <summary>Waits until all parts are well.</summary>
    /// <param name="parts">Those with a health address are asked.</param>
    /// <param name="died">Completes when waiting has become pointless.</param>
    /// <param name="progress">Told what is still missing.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null when all are well; else the first part that is not, and why.</returns>
    public async Task<(RunPart Part, string Why)?> WaitAsync(
        IReadOnlyList<RunPart> parts, Task died, Action<string> progress, CancellationToken cancellationToken)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var missing = new List<(RunPart Part, string Why)>();
            foreach (var part in parts.Where(part => part.Health is not null))
            {
                if (await AskAsync(part.Health!, cancellationToken) is { } why)
                    missing.Add((part, why));
            }

            if (missing.Count == 0)
                return null;
            if (died.IsCompleted || TimeProvider.System.GetElapsedTime(began) > Patience)
                return missing[0];
            progress($"waiting for {string.Join(", ", missing.Select(each => each.Part.Name))}");
            await Task.WhenAny(died, Task.Delay(Between, cancellationToken));
        }
    }

    public void Dispose() => client.Dispose();
}
