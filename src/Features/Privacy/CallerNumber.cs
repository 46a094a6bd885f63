using FluentValidation;

namespace KestrelVoice.Features.Privacy;

/// <summary>Whom an export or an erasure is about.</summary>
internal static class CallerNumber
{
    private const string E164 = @"\A\+[1-9][0-9]{6,14}\z";

    public static void MustBeANumber<T>(this IRuleBuilder<T, string> rule) => rule
        .NotNull().Matches(E164)
        .WithMessage("phone_number is an E.164 number, such as +15035550142.");

    /// <summary>For the audit log: enough to recognise it by, and too little to call it.</summary>
    public static string Masked(string phoneNumber) => $"number ending in {phoneNumber[^2..]}";
}
