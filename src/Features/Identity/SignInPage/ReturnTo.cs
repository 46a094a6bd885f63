namespace KestrelVoice.Features.Identity.SignInPage;

/// <summary>Where a page may send its visitor on to: a path of our own, never somebody else's site.</summary>
internal static class ReturnTo
{
    internal const string Parameter = "return_to";
    internal const string SignInPath = "/login";
    private const int Longest = 2048;

    internal static string OrDefault(string? path) => IsLocal(path) ? path! : SignInPath;

    /// <summary>Browsers read a backslash as a slash and skip control characters, so both could hide a second slash.</summary>
    internal static bool IsLocal(string? path) =>
        path is { Length: > 0 and <= Longest } && path[0] == '/'
        && (path.Length == 1 || path[1] is not ('/' or '\\'))
        && !path.Any(character => char.IsControl(character) || character is '\\' || character > '~');
}
