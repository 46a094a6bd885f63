using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Appointments;

internal sealed record AppointmentSettings
{
    public const string Section = "Appointments";

    /// <summary>How long a hold keeps a time from others.</summary>
    public TimeSpan HoldFor { get; init; } = TimeSpan.FromMinutes(5);

    internal sealed class Validator : IValidateOptions<AppointmentSettings>
    {
        public ValidateOptionsResult Validate(string? name, AppointmentSettings options) =>
            options.HoldFor >= TimeSpan.FromSeconds(30) && options.HoldFor <= TimeSpan.FromHours(1)
                ? ValidateOptionsResult.Success
                : ValidateOptionsResult.Fail($"{Section}:HoldFor is 30 seconds to an hour.");
    }
}
