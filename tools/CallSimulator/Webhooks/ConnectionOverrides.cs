using System.Globalization;

namespace KestrelVoice.CallSimulator.Webhooks;

/// <summary>How Twilio connects to one webhook URL and what it retries: the part of the URL behind <c>#</c>.</summary>
internal sealed record ConnectionOverrides
{
    private static readonly string[] Policies = ["4xx", "5xx", "ct", "rt", "all"];

    private static readonly string[] Edges =
        ["ashburn", "dublin", "frankfurt", "sao-paulo", "singapore", "sydney", "tokyo", "umatilla"];

    /// <summary>What Twilio does without a fragment: one retry, and only when no connection could be made.</summary>
    public static ConnectionOverrides Default { get; } = new();

    public TimeSpan ConnectTimeout { get; private init; } = TimeSpan.FromSeconds(5);

    public TimeSpan ReadTimeout { get; private init; } = TimeSpan.FromSeconds(15);

    public TimeSpan TotalTimeout { get; private init; } = TimeSpan.FromSeconds(15);

    public int Retries { get; private init; } = 1;

    private IReadOnlyList<string> RetryPolicy { get; init; } = ["ct"];

    public bool Retry(WebhookFailure failure) => failure.RetryClass is { } retryClass
        && (RetryPolicy.Contains(retryClass) || RetryPolicy.Contains("all"));

    /// <exception cref="FormatException">A key or value that Twilio does not know.</exception>
    public static ConnectionOverrides Parse(string fragment)
    {
        var overrides = Default;
        foreach (var part in fragment.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (key, value) = part.Split('=', 2) is [var left, var right] ? (left, Uri.UnescapeDataString(right)) : (part, "");
            overrides = key switch
            {
                "ct" => overrides with { ConnectTimeout = Milliseconds(key, value, 10_000) },
                "rt" => overrides with { ReadTimeout = Milliseconds(key, value, 15_000) },
                "tt" => overrides with { TotalTimeout = Milliseconds(key, value, 15_000) },
                "rc" => overrides with { Retries = Number(key, value, 0, 5) },
                "rp" => overrides with { RetryPolicy = Known(key, value, Policies) },
                "sni" when value is "y" or "n" => overrides,
                "e" when Known(key, value.Replace("-ix", "", StringComparison.Ordinal), Edges) is not null => overrides,
                _ => throw new FormatException($"connection override '{part}' is not one that Twilio knows"),
            };
        }

        return overrides;
    }

    private static TimeSpan Milliseconds(string key, string value, int highest) =>
        TimeSpan.FromMilliseconds(Number(key, value, 100, highest));

    private static int Number(string key, string value, int lowest, int highest) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= lowest && number <= highest
            ? number
            : throw new FormatException($"connection override {key}={value} is not a number from {lowest} to {highest}");

    private static string[] Known(string key, string value, string[] known)
    {
        var items = value.Split(',');
        return items.All(item => known.Contains(item, StringComparer.Ordinal))
            ? items
            : throw new FormatException($"connection override {key}={value} is not a list of {string.Join(", ", known)}");
    }
}
