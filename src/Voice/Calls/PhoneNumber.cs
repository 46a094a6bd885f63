namespace KestrelVoice.Voice.Calls;

internal static class PhoneNumber
{
    private const int MinLength = 4;
    private const int MaxLength = 16;

    // What some carriers give instead of a number: words, spelled on the keypad (anonymous, restricted, blocked, unknown).
    private static readonly string[] Withheld = ["+266696687", "+7378742833", "+2562533", "+8656696"];

    /// <summary>Whether somebody would answer there.</summary>
    public static bool CanBeCalled(string text) => IsE164(text) && !Withheld.Contains(text);

    public static bool IsE164(string text) =>
        text.Length is >= MinLength and <= MaxLength && text[0] == '+' && text[1] is >= '1' and <= '9' && text.AsSpan(1).IndexOfAnyExceptInRange('0', '9') < 0;
}
