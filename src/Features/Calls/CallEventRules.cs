using FluentValidation;
using KestrelVoice.Contracts;

namespace KestrelVoice.Features.Calls;

/// <summary>What must hold for any call event before it is taken.</summary>
internal sealed class CallEventRules : AbstractValidator<CallEvent>
{
    public const int LongestText = 20_000;
    public const string RecordingSid = @"\ARE[0-9a-fA-F]{32}\z";

    public static readonly DateTimeOffset Earliest = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
    public static readonly DateTimeOffset Latest = new(2200, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public CallEventRules()
    {
        RuleFor(callEvent => callEvent.EventId).Must(BeText).MaximumLength(200);
        RuleFor(callEvent => callEvent.Sequence).GreaterThanOrEqualTo(0);
        RuleFor(callEvent => callEvent.At).InclusiveBetween(Earliest, Latest);
        RuleFor(callEvent => callEvent.Call).NotNull().SetValidator(new CallHeaderRules());
    }

    /// <summary>Postgres stores no NUL, in text or in JSON.</summary>
    public static bool BeStorable(string? text) => text is not null && !text.Contains('\0', StringComparison.Ordinal);

    public static bool BeText(string? text) => BeStorable(text) && !string.IsNullOrWhiteSpace(text);
}

/// <summary>What must hold of the call itself.</summary>
internal sealed class CallHeaderRules : AbstractValidator<CallHeader>
{
    public CallHeaderRules()
    {
        RuleFor(header => header.CallSid).NotNull().Matches(@"\ACA[0-9a-fA-F]{32}\z");
        RuleFor(header => header.AccountSid).Must(CallEventRules.BeText).MaximumLength(64);
        RuleFor(header => header.From).Must(CallEventRules.BeText).MaximumLength(128);
        RuleFor(header => header.To).Must(CallEventRules.BeText).MaximumLength(128);
        RuleFor(header => header.Direction).Must(direction => direction is "inbound" or "outbound");
        RuleFor(header => header.StartedAt).InclusiveBetween(CallEventRules.Earliest, CallEventRules.Latest);
    }
}
