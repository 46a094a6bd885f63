using System.Diagnostics;

namespace KestrelVoice.EndToEnd.Tests.Running;

internal static class Eventually
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>Polls until the probe passes; past the deadline it fails with what the probe said last.</summary>
    public static async Task<T> Get<T>(Func<Task<T>> probe, Func<T, bool> passes, TimeSpan deadline, Func<string> explain, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        string last;
        do
        {
            try
            {
                var value = await probe();
                if (passes(value))
                    return value;
                last = value?.ToString() ?? "null";
            }
            catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException or Npgsql.NpgsqlException)
            {
                last = failure.Message;
            }
            await Task.Delay(Interval, cancellationToken);
        }
        while (watch.Elapsed < deadline);
        throw new TimeoutException($"Not within {deadline}. Last seen: {last}{Environment.NewLine}{explain()}");
    }

    public static Task Is(Func<Task<bool>> probe, TimeSpan deadline, Func<string> explain, CancellationToken cancellationToken) =>
        Get(probe, value => value, deadline, explain, cancellationToken);
}
