using FluentValidation;

namespace KestrelVoice.Features.Routing;

internal static class PhoneNumbers
{
    public const string E164 = @"\A\+[1-9][0-9]{1,14}\z";

    // Shorter ones are nobody's.
    private const string OfSomebody = @"\A\+[1-9][0-9]{6,14}\z";

    /// <summary>A number at which somebody is called.</summary>
    /// <param name="rule">Of the number.</param>
    /// <param name="parameter">What the API calls it.</param>
    public static IRuleBuilderOptions<T, string> IsSomebodysNumber<T>(this IRuleBuilder<T, string> rule, string parameter) => rule
        .NotNull().Matches(OfSomebody).WithMessage($"{parameter} is an E.164 number, such as +15035550142.");
}
