using System.Diagnostics.CodeAnalysis;

namespace KestrelVoice.Features.Kernel.Secrets;

/// <summary>The deployment's encryption keys, newest first: the first one seals, every one opens.</summary>
public sealed class KeyRing
{
    public const string Section = "Encryption:Keys";
    private const int KeyBytes = 32;

    private readonly Dictionary<string, byte[]> _keys = new(StringComparer.Ordinal);

    /// <param name="entries">Each <c>&lt;kid&gt;:&lt;base64 of 32 bytes&gt;</c>.</param>
    public KeyRing(IReadOnlyList<string> entries)
    {
        if (entries.Count == 0)
            throw new InvalidOperationException(
                $"No encryption key is configured. Set Encryption__Keys__0 to \"<kid>:<base64 of {KeyBytes} random bytes>\".");
        for (var i = 0; i < entries.Count; i++)
            Add(i, entries[i]);
        NewestKid = entries[0][..entries[0].IndexOf(':', StringComparison.Ordinal)];
    }

    public string NewestKid { get; }

    internal bool TryFind(string kid, [NotNullWhen(true)] out byte[]? key) => _keys.TryGetValue(kid, out key);

    // The entry itself is a secret, so a fault names its place only.
    private void Add(int index, string entry)
    {
        var colon = entry.IndexOf(':', StringComparison.Ordinal);
        var key = new byte[KeyBytes + 1];
        if (colon < 1
            || !entry.AsSpan(0, colon).ContainsOnlyKidCharacters()
            || !Convert.TryFromBase64String(entry[(colon + 1)..], key, out var written)
            || written != KeyBytes)
            throw new InvalidOperationException(
                $"Encryption__Keys__{index} must be \"<kid>:<base64 of {KeyBytes} bytes>\", the kid of letters, digits, - and _.");
        if (!_keys.TryAdd(entry[..colon], key[..KeyBytes]))
            throw new InvalidOperationException($"Encryption__Keys__{index} repeats a kid.");
    }
}

file static class Kid
{
    internal static bool ContainsOnlyKidCharacters(this ReadOnlySpan<char> text)
    {
        foreach (var character in text)
        {
            if (!char.IsAsciiLetterOrDigit(character) && character is not ('-' or '_'))
                return false;
        }
        return true;
    }
}
