using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Calendars;

/// <summary>How connected calendars are kept up with.</summary>
internal sealed record CalendarSettings
{
    public const string Section = "Calendars";

    /// <summary>How far ahead busy times are known. Beyond it, only the look before a booking tells.</summary>
    public TimeSpan Horizon { get; init; } = TimeSpan.FromDays(120);

    /// <summary>How long a reading is somebody's. Much longer than it can take, or two may make it.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a calendar that does not answer any more is taken at what it said last, when somebody books.</summary>
    public TimeSpan TrustFor { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How often to look whether a calendar is due.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(5);

    internal sealed class Validator : IValidateOptions<CalendarSettings>
    {
        public ValidateOptionsResult Validate(string? name, CalendarSettings options)
        {
            var offences = new (bool Holds, string Otherwise)[]
            {
                (options.Horizon >= TimeSpan.FromDays(1) && options.Horizon <= TimeSpan.FromDays(730), "Horizon is 1 to 730 days."),
                (options.Lease >= TimeSpan.FromMinutes(1), "Lease is a minute or more."),
                (options.TrustFor >= TimeSpan.Zero, "TrustFor is not negative."),
                (options.Pause > TimeSpan.Zero, "Pause is more than nothing."),
            };
            var failures = offences.Where(offence => !offence.Holds).Select(offence => $"{Section}:{offence.Otherwise}").ToList();
            return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
        }
    }
}
