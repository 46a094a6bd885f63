using System.ComponentModel;

namespace KestrelVoice.Features.Summaries.Engines;

/// <summary>What matters in one part of a call.</summary>
internal sealed record Notes(
    [property: Description("The few things that matter, at most 8, each with the number of the turn that it comes from.")] IReadOnlyList<Point> Points,
    Findings Findings);

internal sealed record Point(int Turn, string Text);

internal sealed record Combination([property: Description("Two to eight plain sentences.")] string Summary);

/// <summary>What a business looks for in a call; null where nothing was said of it.</summary>
internal sealed record Findings(
    [property: Description("Why the caller called, in one sentence.")] Finding? Reason,
    [property: Description("The caller's name.")] Finding? CustomerName,
    [property: Description("Where the work is to be done.")] Finding? Address,
    [property: Description("The number on which the caller wants to be called back.")] Finding? Phone,
    [property: Description("low, normal, high or emergency.")] Finding? Urgency,
    [property: Description("What was promised to the caller, or asked for, to happen next.")] Finding? FollowUp)
{
    public static readonly Findings None = new(null, null, null, null, null, null);

    public IEnumerable<Finding> Each() => new[] { Reason, CustomerName, Address, Phone, Urgency, FollowUp }.OfType<Finding>();
}

internal static class UrgencyText
{
    public const string Low = "low";
    public const string Normal = "normal";
    public const string High = "high";
    public const string Emergency = "emergency";
    public static readonly IReadOnlyList<string> All = [Low, Normal, High, Emergency];
}

internal sealed record Finding(
    string Value,
    [property: Description("Number of the turn that says so.")] int Turn,
    [property: Description("The words of that turn that say so, unchanged.")] string? Quote,
    [property: Description("0 to 1.")] double? Confidence);
