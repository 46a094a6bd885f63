using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Webhooks.Delivery;

/// <summary>How webhooks are delivered, beside <see cref="RetrySchedule"/>. The values are promises of the documentation; a deployment may have its own.</summary>
internal sealed record DeliverySettings
{
    public const string Section = "Webhooks";

    /// <summary>Attempts under way at one endpoint; as many again for what is urgent.</summary>
    public int InFlight { get; init; } = 5;

    /// <summary>How long an attempt is somebody's. Much longer than it can take, or two may make it.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a retry may be late before it is made without its workflow.</summary>
    public TimeSpan Overdue { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>An endpoint at which nothing succeeded for as long is disabled.</summary>
    public TimeSpan DisableAfter { get; init; } = TimeSpan.FromDays(5);

    /// <summary>What was said and answered is forgotten after it; that it was, is not.</summary>
    public TimeSpan PayloadRetention { get; init; } = TimeSpan.FromDays(30);

    internal sealed class Validator : IValidateOptions<DeliverySettings>
    {
        public ValidateOptionsResult Validate(string? name, DeliverySettings options)
        {
            var offences = new (bool Holds, string Otherwise)[]
            {
                (options.InFlight is >= 1 and <= 100, "InFlight is 1 to 100."),
                (options.Lease >= TimeSpan.FromSeconds(30), "Lease is 30 seconds or more."),
                (options.Overdue > TimeSpan.Zero, "Overdue is more than nothing."),
                (options.DisableAfter > TimeSpan.Zero, "DisableAfter is more than nothing."),
                (options.PayloadRetention > TimeSpan.Zero, "PayloadRetention is more than nothing."),
            };
            var failures = offences.Where(offence => !offence.Holds).Select(offence => $"{Section}:{offence.Otherwise}").ToList();
            return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
        }
    }
}
