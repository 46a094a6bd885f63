using System.Net;
using Dapper;
using Npgsql;

namespace KestrelVoice.Features.Identity.Embedded;

internal sealed class EmbeddedSignIn(NpgsqlDataSource database, Passwords passwords, SignInThrottle throttle, Sessions sessions, TimeProvider clock)
    : ISignIn
{
    private const string Find = $"select {AuthUser.Columns} from identity.users u where u.email = @Email";

    private const string Rehash = "update identity.users set password_hash = @Hash where id = @Id and password_hash = @PasswordHash";

    public async Task<SignInOutcome> SignInAsync(string email, string password, IPAddress? address, CancellationToken cancellationToken)
    {
        var account = AuthUser.Normal(email);
        if (!AuthUser.IsEmail(account))
            return new SignInOutcome.WrongCredentials();
        if (throttle.Take(account, address) is { } wait)
            return new SignInOutcome.TooManyAttempts(wait);

        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var user = await connection.QuerySingleOrDefaultAsync<AuthUser>(new CommandDefinition(
            Find, new { Email = account }, cancellationToken: cancellationToken));
        await connection.CloseAsync();
        var verdict = await passwords.CheckAsync(user?.PasswordHash, password, cancellationToken);
        if (user is null || verdict is Passwords.Verdict.Wrong)
            return new SignInOutcome.WrongCredentials();

        throttle.GiveBack(account, address);
        if (user.IsBanned(clock.GetUtcNow()))
            return new SignInOutcome.Banned();
        if (verdict is Passwords.Verdict.RightButOutdated)
            await RehashAsync(user, password, cancellationToken);
        var session = await sessions.BeginAsync(user, cancellationToken);
        return new SignInOutcome.SignedIn(session.ToJsonString());
    }

    public Task SignOutAsync(string accessToken, string refreshToken, CancellationToken cancellationToken) =>
        sessions.EndByTokenAsync(refreshToken, cancellationToken);

    private async Task RehashAsync(AuthUser user, string password, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            Rehash, new { Hash = passwords.Hash(password), user.Id, user.PasswordHash }, cancellationToken: cancellationToken));
    }
}
