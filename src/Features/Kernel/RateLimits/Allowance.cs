namespace KestrelVoice.Features.Kernel.RateLimits;

/// <param name="Quota">Requests that the plan includes in a minute.</param>
/// <param name="Remaining">How many of them are left.</param>
/// <param name="Seconds">Until the quota is whole again.</param>
/// <param name="Admitted">Whether this request is one of them.</param>
internal readonly record struct Allowance(int Quota, int Remaining, int Seconds, bool Admitted);
