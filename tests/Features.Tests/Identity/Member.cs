using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using KestrelVoice.Features.Identity.Credentials;
using KestrelVoice.Features.Identity.Embedded;

namespace KestrelVoice.Features.Tests.Identity;

/// <summary>A person of the embedded identity who can sign in.</summary>
internal sealed record Member(Guid Id, string Email, string Password)
{
    internal const string CookieName = "sb-api-auth-token";
}

internal static class Members
{
    private static int count;

    internal static async Task<Member> GivenAMember(this KestrelVoiceApp app, params (TestTenant Tenant, string Role)[] memberships)
    {
        app.Stranger().Dispose();
        var number = Interlocked.Increment(ref count);
        var member = new Member(Guid.CreateVersion7(app.Clock.GetUtcNow()), $"member{number}@maplestreet.example", $"Correct horse {number}!");
        using var passwords = new Passwords(iterations: 1000);
        await using var connection = await app.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await connection.ExecuteAsync(
            """
            insert into identity.users (id, email, password_hash, app_metadata, user_metadata, email_confirmed_at, created_at, updated_at)
            values (@Id, @Email, @Hash, '{"provider":"email","providers":["email"]}', '{}', @Now, @Now, @Now)
            """,
            new { member.Id, member.Email, Hash = passwords.Hash(member.Password), Now = app.Clock.GetUtcNow().UtcDateTime });
        var minute = 0;
        foreach (var (tenant, role) in memberships)
            await connection.ExecuteAsync(
                "insert into members (tenant_id, user_id, role, created_at) values (@TenantId, @UserId, @Role, @At)",
                new { TenantId = tenant.Id, UserId = member.Id, Role = role, At = app.Clock.GetUtcNow().UtcDateTime.AddMinutes(minute++) });
        return member;
    }

    /// <summary>A key with the given scopes, straight into the database.</summary>
    internal static async Task<ApiKeyText> GivenAKey(this KestrelVoiceApp app, TestTenant tenant, params string[] scopes)
    {
        app.Stranger().Dispose();
        var key = ApiKeyText.Create();
        await using var connection = await app.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await connection.ExecuteAsync(
            """
            insert into api_keys (tenant_id, id, lookup_id, hash, prefix, last4, name, scopes, created_at)
            values (@TenantId, @Id, @LookupId, @Hash, @Prefix, @Last4, 'Given', @Scopes, @Now)
            """,
            new
            {
                TenantId = tenant.Id,
                Id = Guid.CreateVersion7(app.Clock.GetUtcNow()),
                key.LookupId,
                Hash = key.Hash(),
                key.Prefix,
                key.Last4,
                Scopes = scopes,
                Now = app.Clock.GetUtcNow().UtcDateTime,
            });
        return key;
    }

    internal static async Task<JsonElement> SignIn(this KestrelVoiceApp app, Member member)
    {
        using var client = app.Stranger();
        var response = await client.Token("password", new { email = member.Email, password = member.Password });
        return await response.ShouldAnswer(HttpStatusCode.OK);
    }

    /// <summary>A client with a Bearer token.</summary>
    internal static async Task<HttpClient> SignedIn(this KestrelVoiceApp app, Member member) =>
        app.Bearing((await app.SignIn(member)).AccessToken());

    internal static HttpClient Bearing(this KestrelVoiceApp app, string accessToken)
    {
        var client = app.Stranger();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", accessToken);
        return client;
    }

    internal static Task<HttpResponseMessage> Token(this HttpClient client, string grant, object body) =>
        client.PostAsJsonAsync("/auth/v1/token?grant_type=" + grant, body, TestContext.Current.CancellationToken);

    internal static string AccessToken(this JsonElement session) => session.GetProperty("access_token").GetString()!;

    internal static string RefreshToken(this JsonElement session) => session.GetProperty("refresh_token").GetString()!;

    internal static async Task<JsonElement> ShouldAnswer(this HttpResponseMessage response, HttpStatusCode status)
    {
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        response.StatusCode.ShouldBe(status, text);
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }
}
