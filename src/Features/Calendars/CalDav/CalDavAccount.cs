namespace KestrelVoice.Features.Calendars.CalDav;

/// <summary>Where somebody's calendars are, and who asks. Not a record: a record would print its password.</summary>
internal sealed class CalDavAccount(Uri url, string userName, string password)
{
    public Uri Url => url;

    public string UserName => userName;

    public string Password => password;
}

/// <summary>A collection that takes events.</summary>
internal sealed record CalDavCalendar(Uri Url, string Name, bool IsWritable);

/// <summary>A calendar object resource: a master with its overrides, as iCalendar text.</summary>
/// <param name="ETag">With its quotes, as it came; null when the server did not say.</param>
internal sealed record CalDavObject(Uri Url, string? ETag, string Data);

/// <summary>What changed since a token, and the token to ask with next.</summary>
internal sealed record CalDavChanges(string Token, IReadOnlyList<Uri> Changed, IReadOnlyList<Uri> Removed);
