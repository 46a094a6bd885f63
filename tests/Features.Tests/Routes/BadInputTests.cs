using System.Net;
using System.Net.Http.Headers;
using System.Text;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Tests.Identity;

namespace KestrelVoice.Features.Tests.Routes;

/// <summary>Garbage for every parameter of every route: a clear refusal in the documented body, and nothing half written.</summary>
public sealed class BadInputTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    // A refusal that comes while the body is still being sent may be lost with the connection; a client that asks first gets it.
    private const bool AskFirst = true;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static readonly string[] Garbage =
    [
        "", "%20", "%01", "%00", "%F0%9F%92%A9", "%FF%FE", "'%3B+drop+table+call_logs%3B--", "-1", "1e9", "99999999999999999999999999", "NaN", "null", "%0D%0AX-Injected:+1", "..%2F..%2Fetc",
        new('9', 1500), "2026-13-45", "2026-02-30T25:61:00Z", "call_00000000000000000000000000000", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ];

    private static readonly (string Name, byte[] Body, string ContentType)[] BrokenBodies =
    [
        ("nothing", [], "application/json"),
        ("half an object", "{\"name\":"u8.ToArray(), "application/json"),
        ("an array", "[]"u8.ToArray(), "application/json"),
        ("null", "null"u8.ToArray(), "application/json"),
        ("a number", "12"u8.ToArray(), "application/json"),
        ("an empty object", "{}"u8.ToArray(), "application/json"),
        ("members of the wrong type", """{"name":{"a":1},"scopes":"read","phone_number":7,"data":[],"url":{},"events":"call.missed","headers":[]}"""u8.ToArray(), "application/json"),
        ("null members", """{"name":null,"scopes":null,"phone_number":null}"""u8.ToArray(), "application/json"),
        ("null in a list", """{"name":"a","scopes":[null]}"""u8.ToArray(), "application/json"),
        ("an unknown member", """{"name":"a","scopes":["read"],"tenant_id":"ten_00000000000000000000000000"}"""u8.ToArray(), "application/json"),
        ("too long a name", Encoding.UTF8.GetBytes($$"""{"name":"{{new string('x', 5000)}}","scopes":["read"],"phone_number":"+1"}"""), "application/json"),
        ("a NUL", """{"name":"a\u0000b","scopes":["read"],"phone_number":"\u0000"}"""u8.ToArray(), "application/json"),
        ("half a surrogate pair", """{"name":"\ud800","scopes":["read"],"phone_number":"\ud800"}"""u8.ToArray(), "application/json"),
        ("bytes that are no UTF-8", [0x7B, 0x22, 0x6E, 0x61, 0x6D, 0x65, 0x22, 0x3A, 0x22, 0xFF, 0xFE, 0x22, 0x7D], "application/json"),
        ("a thousand brackets", Encoding.UTF8.GetBytes(new string('[', 1000)), "application/json"),
        ("a form", "name=a&scopes=read"u8.ToArray(), "application/x-www-form-urlencoded"),
        ("text", "hello"u8.ToArray(), "text/plain"),
        ("more than the limit", Encoding.UTF8.GetBytes($$"""{"name":"{{new string('x', 600_000)}}"}"""), "application/json"),
    ];

    [Fact]
    public async Task Garbage_in_the_query_is_refused_in_the_documented_body()
    {
        using var client = await MemberAsync();
        var routes = RouteTable.Under(app, "/api/").Where(route => route.QueryParameters.Count > 0).ToList();
        routes.ShouldNotBeEmpty();

        await NoOffencesAsync(
            from route in routes
            from parameter in route.QueryParameters
            from value in Garbage
            select (route, $"{route.Fill(_ => Guid.Empty.ToString())}?{parameter}={value}", (HttpContent?)null), client);
    }

    [Fact]
    public async Task A_parameter_that_is_unknown_or_given_twice_is_refused_on_every_route()
    {
        using var client = await MemberAsync();

        await NoOffencesAsync(
            from route in RouteTable.Under(app, "/api/").Where(route => !route.Writes)
            let path = route.Fill(_ => Guid.Empty.ToString())
            from query in new[] { "no_such_parameter=1" }.Concat(route.QueryParameters.Select(parameter => $"{parameter}=1&{parameter}=1"))
            select (route, $"{path}?{query}", (HttpContent?)null), client);
    }

    [Fact]
    public async Task Garbage_for_an_id_is_refused_in_the_documented_body()
    {
        using var client = await MemberAsync();
        var routes = RouteTable.Under(app, "/api/").Where(route => route.PathParameters.Count > 0).ToList();
        routes.ShouldNotBeEmpty();

        await NoOffencesAsync(
            from route in routes
            // A NUL in the path never gets past the web server, and without an id it is another route.
            from value in Garbage.Where(value => value is { Length: > 0 and < 1000 } and not "%00")
            let path = route.PathParameters.Aggregate(route.Template, (filled, parameter) => filled.Replace($"{{{parameter}}}", value, StringComparison.Ordinal))
            select (route, path, route.Writes && route.Method != "DELETE" ? (HttpContent?)Content("{}"u8.ToArray(), "application/json") : null), client);
    }

    [Fact]
    public async Task Broken_bodies_are_refused_and_leave_nothing_behind()
    {
        using var client = await MemberAsync();
        var before = await WorldAsync();
        var routes = RouteTable.Under(app, "/api/").Where(route => route.Writes && route.Method != "DELETE").ToList();
        routes.ShouldNotBeEmpty();

        await NoOffencesAsync(
            from route in routes
            from broken in BrokenBodies
            select (route, route.Fill(_ => Guid.Empty.ToString()), (HttpContent?)Content(broken.Body, broken.ContentType)), client);

        (await WorldAsync()).ShouldBe(before);

        async Task<string> WorldAsync()
        {
            // All but what counts these very questions.
            var lists = RouteTable.Under(app, "/api/").Where(route => route is { PathParameters.Count: 0, Method: "GET", Template: not ("/api/me" or "/api/availability" or "/api/export/call-logs") });
            return string.Join("\n", await Task.WhenAll(lists.Select(route => client.GetStringAsync(route.Template, Token))));
        }
    }

    [Fact]
    public async Task Broken_messages_from_the_sidecar_never_fail_the_host()
    {
        var offences = new List<string>();
        foreach (var route in RouteTable.Under(app, "/internal/", "/events/"))
        {
            foreach (var (name, body, _) in BrokenBodies)
            {
                foreach (var contentType in new[] { "application/json", "application/cloudevents+json" })
                {
                    using var client = app.Stranger();
                    using var request = new HttpRequestMessage(new HttpMethod(route.Method), route.Template) { Content = Content(body, contentType) };
                    request.Headers.Add("dapr-api-token", KestrelVoiceApp.SidecarToken);
                    request.Headers.ExpectContinue = AskFirst;
                    using var response = await client.SendAsync(request, Token);
                    // 404 would drop an event without a trace, and 5xx would repeat a hopeless one.
                    if ((int)response.StatusCode >= 500 || (response.StatusCode == HttpStatusCode.NotFound && route.Template != InternalRoutes.Routing))
                        offences.Add($"{route} with {name} as {contentType}: {(int)response.StatusCode}");
                }
            }
        }
        offences.ShouldBeEmpty();
    }

    [Fact]
    public async Task Broken_sign_ins_are_refused_in_the_clients_own_terms()
    {
        var offences = new List<string>();
        var routes = RouteTable.Under(app, "/auth/v1", "/login", "/logout");
        routes.ShouldNotBeEmpty();
        foreach (var route in routes)
        {
            foreach (var (name, body, contentType) in BrokenBodies)
            {
                using var client = app.Stranger();
                using var request = new HttpRequestMessage(new HttpMethod(route.Method), route.Fill(_ => "x"));
                if (route.Writes)
                    request.Content = Content(body, contentType);
                request.Headers.ExpectContinue = AskFirst;
                using var response = await client.SendAsync(request, Token);
                if ((int)response.StatusCode >= 500)
                    offences.Add($"{route} with {name}: {(int)response.StatusCode}");
            }
        }
        offences.ShouldBeEmpty();
    }

    [Fact]
    public async Task Wrong_methods_and_unknown_routes_answer_in_the_documented_body()
    {
        using var client = await MemberAsync();
        var offences = new List<string>();
        foreach (var path in RouteTable.Under(app, "/api/").Select(route => route.Fill(_ => Guid.Empty.ToString())).Append("/api/no-such-thing").Distinct())
        {
            foreach (var method in new[] { "TRACE", "PROPFIND" })
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), path);
                using var response = await client.SendAsync(request, Token);
                if (await DocumentedProblem.OffenceAsync(response) is { } offence)
                    offences.Add($"{method} {path}: {offence}");
            }
        }
        offences.ShouldBeEmpty();
    }

    private async Task<HttpClient> MemberAsync() => await app.SignedIn(await app.GivenAMember((await app.GivenATenant(), "owner")));

    private static async Task NoOffencesAsync(IEnumerable<(HostRoute Route, string Path, HttpContent? Content)> requests, HttpClient client)
    {
        var offences = new List<string>();
        foreach (var (route, path, content) in requests)
        {
            using var request = new HttpRequestMessage(new HttpMethod(route.Method), new Uri(path, UriKind.Relative)) { Content = content };
            request.Headers.ExpectContinue = AskFirst;
            using var response = await client.SendAsync(request, Token);
            if (await DocumentedProblem.OffenceAsync(response) is { } offence)
                offences.Add($"{route.Method} {(path.Length > 120 ? path[..120] : path)}: {offence}");
        }
        offences.ShouldBeEmpty();
    }

    private static ByteArrayContent Content(byte[] body, string contentType) =>
        new(body) { Headers = { ContentType = MediaTypeHeaderValue.Parse(contentType) } };
}
