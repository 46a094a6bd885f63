using System.Globalization;

namespace KestrelVoice.Features.Webhooks.Endpoints;

/// <summary>Says beforehand what a failing endpoint comes to.</summary>
internal static class EndpointWarning
{
    private static readonly TimeSpan FirstAfter = TimeSpan.FromDays(1);
    private static readonly TimeSpan DisabledAfter = TimeSpan.FromDays(5);

    public static string? Of(string status, DateTime? failingSince, DateTimeOffset now)
    {
        if (status == "disabled" || failingSince is not { } since || now.UtcDateTime - since < FirstAfter)
            return null;
        return $"Nothing could be delivered since {Text(since)}. Unless something is, this endpoint will be disabled at {Text(since + DisabledAfter)}.";
    }

    private static string Text(DateTime at) => at.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
