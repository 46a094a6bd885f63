using System.Text;

namespace KestrelVoice.Voice.Twilio;

/// <summary>Text from a caller, a tenant or a carrier, made safe for XML, for speech and for a database.</summary>
internal static class SpokenText
{
    /// <summary>Drops what XML cannot carry, turns CR LF into LF, and cuts at <paramref name="maxLength"/> without splitting a character.</summary>
    public static string Clean(string text, int maxLength = int.MaxValue)
    {
        var cleaned = new StringBuilder(Math.Min(text.Length, maxLength));
        for (var i = 0; i < text.Length && cleaned.Length < maxLength; i++)
        {
            var character = text[i];
            if (char.IsHighSurrogate(character) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                if (cleaned.Length + 2 > maxLength)
                    break;
                cleaned.Append(character).Append(text[++i]);
                continue;
            }
            if (character == '\r')
            {
                if (i + 1 == text.Length || text[i + 1] != '\n')
                    cleaned.Append('\n');
                continue;
            }
            if (IsAllowed(character))
                cleaned.Append(character);
        }
        return cleaned.ToString();
    }

    private static bool IsAllowed(char character) => character switch
    {
        '\t' or '\n' => true,
        < ' ' => false,
        '\uFFFE' or '\uFFFF' => false,
        _ => !char.IsSurrogate(character),
    };
}
