using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace KestrelVoice.Features.Webhooks.Delivery;

/// <summary>When a message is attempted again: nine attempts over about 28 hours, unless <c>Webhooks:RetrySchedule</c> says otherwise.</summary>
/// <param name="pauses">Before the second attempt, before the third, and so on.</param>
internal sealed class RetrySchedule(IReadOnlyList<TimeSpan> pauses)
{
    private const string Section = "Webhooks:RetrySchedule";

    /// <summary>Each pause varies by this share, so that what failed together does not come back together.</summary>
    private const double Jitter = 0.2;

    // However short the pause would have been, a receiver may ask for so much.
    private static readonly TimeSpan RetryAfterUpTo = TimeSpan.FromHours(1);

    private static readonly TimeSpan[] Standard =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30),
        TimeSpan.FromHours(2), TimeSpan.FromHours(5), TimeSpan.FromHours(10), TimeSpan.FromHours(10),
    ];

    public int Attempts => pauses.Count + 1;

    public static RetrySchedule From(IConfiguration configuration)
    {
        var configured = configuration.GetSection(Section).GetChildren().Select(Read).ToList();
        return new RetrySchedule(configured.Count > 0 ? configured : Standard);
    }

    /// <param name="made">How many attempts were made.</param>
    /// <param name="chance">Anywhere from 0 to 1.</param>
    /// <param name="retryAfter">How long the receiver asked to be left alone.</param>
    /// <returns>Null when there are no more.</returns>
    public TimeSpan? PauseAfter(int made, double chance, TimeSpan? retryAfter)
    {
        if (made >= Attempts)
            return null;
        var planned = pauses[made - 1];
        var pause = planned * (1 + (Jitter * ((2 * chance) - 1)));
        if (retryAfter is not { } asked || asked <= pause)
            return pause;
        var longest = planned * 2 > RetryAfterUpTo ? planned * 2 : RetryAfterUpTo;
        return asked < longest ? asked : longest;
    }

    private static TimeSpan Read(IConfigurationSection entry) =>
        TimeSpan.TryParse(entry.Value, CultureInfo.InvariantCulture, out var pause) && pause > TimeSpan.Zero && pause <= TimeSpan.FromDays(7)
            ? pause
            : throw new InvalidOperationException($"{entry.Path} is not a pause such as 00:05:00, up to seven days.");
}
