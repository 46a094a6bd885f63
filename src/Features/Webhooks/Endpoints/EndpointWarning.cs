using System.Globalization;

namespace KestrelVoice.Features.Webhooks.Endpoints;

/// <summary>Says beforehand what a failing endpoint comes to.</summary>
internal static class EndpointWarning
{
    /// <param name="warnings">How often it was said before; the first time is after a fifth of the patience.</param>
    public static string? Of(string status, DateTime? failingSince, int warnings, TimeSpan patience) =>
        status == "disabled" || warnings == 0 || failingSince is not { } since
            ? null
            : $"Nothing could be delivered since {Text(since)}. Unless something is, this endpoint will be disabled after {Text(since + patience)}.";

    private static string Text(DateTime at) => at.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
