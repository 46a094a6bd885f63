namespace KestrelVoice.Features.Kernel.RateLimits;

/// <summary>Section <c>RateLimits</c>: how many requests a minute each plan includes.</summary>
internal sealed record RateLimitSettings
{
    public const string Section = "RateLimits";

    public int Personal { get; init; } = 100;

    public int Business { get; init; } = 500;

    public int BusinessPlus { get; init; } = 1000;

    /// <summary>How many requests a minute one address may make that are refused for their credential.</summary>
    public int RefusedPerAddress { get; init; } = 300;

    public int Of(Plan plan) => plan switch
    {
        Plan.Personal => Personal,
        Plan.Business => Business,
        Plan.BusinessPlus => BusinessPlus,
        _ => throw new ArgumentOutOfRangeException(nameof(plan)),
    };
}
