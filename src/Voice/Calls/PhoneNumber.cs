namespace KestrelVoice.Voice.Calls;

internal static class PhoneNumber
{
    private const int MinLength = 4;
    private const int MaxLength = 16;

    public static bool IsE164(string text) =>
        text.Length is >= MinLength and <= MaxLength && text[0] == '+' && text[1] is >= '1' and <= '9' && text.AsSpan(1).IndexOfAnyExceptInRange('0', '9') < 0;
}
