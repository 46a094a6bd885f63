using Microsoft.AspNetCore.Http;

namespace KestrelVoice.GoogleStandIn;

/// <summary>All that there is: people, their calendars, and what they have granted.</summary>
internal sealed class World(GoogleServerOptions options)
{
    // One for all calendars: a version says of any two changes which came later.
    private long version;
    private int epoch;

    public GoogleServerOptions Options => options;

    public List<GoogleUser> Users { get; } = [];

    public Grants Grants { get; } = new(options.Clock);

    /// <summary>Of the sync tokens that are still good.</summary>
    public int Epoch => Volatile.Read(ref epoch);

    public long NextVersion() => Interlocked.Increment(ref version);

    public GoogleUser AddUser(string email, string timeZone)
    {
        var user = new GoogleUser(this, email);
        user.AddCalendar(email, email, timeZone);
        lock (Users)
            Users.Add(user);
        return user;
    }

    public GoogleUser? FindUser(string? email)
    {
        lock (Users)
            return Users.Find(user => user.Email == email);
    }

    public void ForgetSyncTokens() => Interlocked.Increment(ref epoch);

    /// <summary>Who asks, if what they hold allows any of these.</summary>
    public GoogleUser Require(HttpContext context, params string[] anyOf)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith("Bearer ", StringComparison.Ordinal) || Grants.Find(header["Bearer ".Length..]) is not { } grant)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"";
            throw new RefusalException(StatusCodes.Status401Unauthorized, "authError", "Invalid Credentials");
        }
        grant.User.FailIfTold();
        return anyOf.Append("calendar").Any(scope => grant.Scopes.Contains(Scopes.Prefix + scope))
            ? grant.User
            : throw new RefusalException(
                StatusCodes.Status403Forbidden, "insufficientPermissions", "Request had insufficient authentication scopes.");
    }
}

/// <summary>Names of permissions.</summary>
internal static class Scopes
{
    public const string Prefix = "https://www.googleapis.com/auth/";
}
