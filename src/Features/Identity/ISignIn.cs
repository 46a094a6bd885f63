using System.Net;

namespace KestrelVoice.Features.Identity;

/// <summary>Whoever keeps the passwords: the embedded identity, or a Supabase project.</summary>
internal interface ISignIn
{
    Task<SignInOutcome> SignInAsync(string email, string password, IPAddress? address, CancellationToken cancellationToken);

    /// <summary>Ends this one session there; best effort, since the cookie goes anyway.</summary>
    Task SignOutAsync(string accessToken, string refreshToken, CancellationToken cancellationToken);
}

internal abstract record SignInOutcome
{
    private SignInOutcome() { }

    /// <param name="SessionJson">The session as clients store it.</param>
    internal sealed record SignedIn(string SessionJson) : SignInOutcome;
    internal sealed record WrongCredentials : SignInOutcome;
    internal sealed record Banned : SignInOutcome;
    internal sealed record TooManyAttempts(TimeSpan Wait) : SignInOutcome;
    internal sealed record Unavailable : SignInOutcome;
}
