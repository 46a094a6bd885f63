using FluentValidation;
using KestrelVoice.Contracts;

namespace KestrelVoice.Features.Calls;

/// <summary>What must hold for any call event before it is taken.</summary>
internal sealed class CallEventRules : AbstractValidator<CallEvent>
{
    public const int LongestText = 20_000;
    public const string RecordingSid = @"\ARE[0-9a-fA-F]{32}\z";

    private static readonly DateTimeOffset Earliest = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Latest = new(2200, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public CallEventRules()
    {
        RuleFor(callEvent => callEvent.EventId).Must(BeText).MaximumLength(200);
        RuleFor(callEvent => callEvent.Sequence).GreaterThanOrEqualTo(0);
        RuleFor(callEvent => callEvent.At).InclusiveBetween(Earliest, Latest);
        RuleFor(callEvent => callEvent.Call).NotNull().ChildRules(call =>
        {
            call.RuleFor(header => header.CallSid).NotNull().Matches(@"\ACA[0-9a-fA-F]{32}\z");
            call.RuleFor(header => header.AccountSid).Must(BeText).MaximumLength(64);
            call.RuleFor(header => header.From).Must(BeText).MaximumLength(128);
            call.RuleFor(header => header.To).Must(BeText).MaximumLength(128);
            call.RuleFor(header => header.Direction).Must(direction => direction is "inbound" or "outbound");
            call.RuleFor(header => header.StartedAt).InclusiveBetween(Earliest, Latest);
        });
    }

    /// <summary>Postgres stores no NUL, in text or in JSON.</summary>
    public static bool BeStorable(string? text) => text is not null && !text.Contains('\0', StringComparison.Ordinal);

    public static bool BeText(string? text) => BeStorable(text) && !string.IsNullOrWhiteSpace(text);
}
