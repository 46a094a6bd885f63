using KestrelVoice.Features.Events;

namespace KestrelVoice.Features.Webhooks.Endpoints;

/// <summary>What an endpoint may look like, whether it is created or changed.</summary>
internal static class EndpointRules
{
    public const int LongestDescription = 200;
    public const int LargestRateLimit = 100;
    public const int DefaultRateLimit = 10;

    public const string DescriptionRule = "description is up to 200 characters.";
    public const string RateLimitRule = "rate_limit is a whole number from 1 to 100 deliveries a second.";
    public static readonly string EventsRule = $"events holds one or more of {string.Join(", ", TenantEventTypes.All)}, each once.";

    public static bool IsDescription(string description) => description.Length <= LongestDescription && !description.Any(char.IsControl);

    public static bool IsRateLimit(int rateLimit) => rateLimit is >= 1 and <= LargestRateLimit;

    public static bool AreEvents(IReadOnlyList<string> events) =>
        events.Count > 0 && events.All(TenantEventTypes.All.Contains) && events.Distinct(StringComparer.Ordinal).Count() == events.Count;

    /// <summary>In the order of the documentation, so that equal filters look equal.</summary>
    public static string[] InOrder(IReadOnlyList<string> events) => [.. TenantEventTypes.All.Where(events.Contains)];
}
