using System.Net;
using System.Net.Http.Json;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests.Identity;

namespace KestrelVoice.Features.Tests.Routes;

/// <summary>Every role and every kind of key on every route: let in, or 403.</summary>
public sealed class RolesTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static readonly string[] People = ["owner", "admin", "member", "viewer"];

    private static readonly Dictionary<string, string[]> May = new(StringComparer.Ordinal)
    {
        ["read"] = ["owner", "admin", "member", "viewer", "live read", "live read write", "test read", "test read write"],
        ["write"] = ["owner", "admin", "member", "live write", "live read write", "test write", "test read write"],
        ["integrate"] = ["owner", "admin", "live write", "live read write", "test write", "test read write"],
        ["reach outside"] = ["owner", "admin", "live write", "live read write"],
        ["see people"] = ["owner", "admin", "member", "viewer"],
        ["manage"] = ["owner", "admin"],
        ["export"] = ["owner", "admin", "live read", "live read write", "test read", "test read write"],
    };

    // Where it is not simply reading by GET and writing by anything else; the longest that fits decides, and $ ends a path.
    private static readonly (string Method, string Path, string Takes)[] Particular =
    [
        ("*", "/api/api-keys", "manage"),
        ("*", "/api/audit-log", "manage"),
        ("*", "/api/members", "manage"),
        ("*", "/api/retention", "manage"),
        ("GET", "/api/export", "export"),
        ("POST", "/api/callers", "integrate"),
        ("DELETE", "/api/call-logs", "integrate"),
        ("GET", "/api/members", "see people"),
        ("POST", "/api/webhooks", "integrate"),
        ("PATCH", "/api/webhooks", "integrate"),
        ("DELETE", "/api/webhooks", "integrate"),
        ("POST", "/api/calendars", "integrate"),
        ("POST", "/api/calendars$", "reach outside"),
        ("POST", "/api/calendars/google", "reach outside"),
        ("DELETE", "/api/calendars", "integrate"),
        ("POST", "/api/services", "integrate"),
        ("PATCH", "/api/services", "integrate"),
        ("DELETE", "/api/services", "integrate"),
        ("POST", "/api/resources", "integrate"),
        ("PATCH", "/api/resources", "integrate"),
        ("DELETE", "/api/resources", "integrate"),
        ("PUT", "/api/holidays", "integrate"),
        ("POST", "/api/hooks", "integrate"),
        ("DELETE", "/api/hooks", "integrate"),
    ];

    [Fact]
    public async Task Each_is_let_in_where_it_belongs_and_refused_everywhere_else()
    {
        var tenant = await app.GivenATenant();
        var clients = new List<(string Who, HttpClient Client)>();
        foreach (var role in People)
            clients.Add((role, await app.SignedIn(await app.GivenAMember((tenant, role)))));
        foreach (var scopes in new[] { "read", "write", "read write" })
            clients.AddRange([($"live {scopes}", app.ClientFor(tenant, scopes.Split(' '))), ($"test {scopes}", await app.GivenATestClient(tenant, scopes.Split(' ')))]);
        var routes = RouteTable.Under(app, "/api/");
        routes.Count.ShouldBeGreaterThan(20);

        var wrong = new List<string>();
        foreach (var route in routes)
        {
            foreach (var (who, client) in clients)
            {
                using var request = new HttpRequestMessage(new HttpMethod(route.Method), route.Fill(_ => Guid.Empty.ToString()));
                if (route.Writes && route.Method != "DELETE")
                    request.Content = JsonContent.Create(new { });
                using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
                if (response.StatusCode == HttpStatusCode.Forbidden == May[Takes(route)].Contains(who))
                    wrong.Add($"{route} by {who}: {(int)response.StatusCode}");
            }
        }
        wrong.ShouldBeEmpty();
        clients.ForEach(client => client.Client.Dispose());
    }

    [Fact]
    public void The_matrix_knows_every_role() => Roles.All.ShouldBe(People);

    private static string Takes(HostRoute route) =>
        Particular
            .Where(rule => (rule.Method == "*" || rule.Method == route.Method) && (route.Template + "$").StartsWith(rule.Path, StringComparison.Ordinal))
            .OrderByDescending(rule => (rule.Path.Length, rule.Method != "*"))
            .Select(rule => rule.Takes)
            .FirstOrDefault(route.Writes ? "write" : "read");
}
