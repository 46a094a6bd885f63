using System.Globalization;
using System.Text.Json;
using Dapper;
using KestrelVoice.Features.Tests.Appointments;
using KestrelVoice.Features.Tests.Calendars;
using KestrelVoice.Features.Tests.Calls;
using KestrelVoice.Features.Tests.Identity;
using KestrelVoice.Features.Tests.Webhooks;

namespace KestrelVoice.Features.Tests.Routes;

/// <summary>Every list that has pages, walked from end to end.</summary>
public sealed class ListsTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private const int Items = 5;

    // How each gets a further item. A new list fails here until it is said how.
    private static readonly Dictionary<string, Func<KestrelVoiceApp, TestTenant, HttpClient, int, Task>> AnotherOne = new(StringComparer.Ordinal)
    {
        ["/api/call-logs"] = (app, tenant, _, number) => app.GivenACall(new PhoneCall(tenant, number, app.Clock.GetUtcNow()).Started()),
        ["/api/appointments"] = async (app, tenant, client, number) =>
            (await client.Book(await app.GivenATrade(tenant), $"2026-03-{(number + 5).ToString("00", CultureInfo.InvariantCulture)}T18:00:00Z")).EnsureSuccessStatusCode(),
        ["/api/calendars"] = async (app, tenant, _, _) =>
        {
            await app.GivenATrade(tenant);
            await using var connection = await app.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
            // One of each resource: that of nobody takes any.
            await connection.ExecuteAsync(
                "update calendar_connections set url = url || '/of/' || id where tenant_id = @Id and url not like '%/of/%'", new { tenant.Id });
            await app.GivenACalendarOfNobody(tenant);
        },
        ["/api/webhooks"] = (_, _, client, _) => client.GivenAnEndpoint(),
        ["/api/hooks"] = (_, _, client, number) => client.GivenAHook($"{WebhookRequests.Nobody}/{number}"),
        ["/api/webhooks/{id}/messages"] = async (app, tenant, client, _) => await app.GivenAMessage(tenant, (await client.ReadAsync("/api/webhooks")).Data()[0].Id()),
        ["/api/api-keys"] = (app, tenant, _, _) => app.GivenAKey(tenant, "read"),
        ["/api/members"] = (app, tenant, _, _) => app.GivenAMember((tenant, "viewer")),
        ["/api/audit-log"] = (_, _, client, _) => client.GivenAnEndpoint(),
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_list_is_walked_by_cursor_and_by_offset_and_counts_all()
    {
        foreach (var route in Lists())
        {
            AnotherOne.ShouldContainKey(route.Template, "say how it gets another item");
            var (client, path) = await ArrangeAsync(route);

            var all = await client.ReadAsync($"{path}?limit=100");
            all.Data().Count.ShouldBeGreaterThanOrEqualTo(Items, route.Template);
            all.Total().ShouldBe(all.Data().Count, route.Template);
            all.NextCursor().ShouldBeNull(route.Template);
            (await client.ReadAsync(path)).GetProperty("pagination").GetProperty("limit").GetInt32().ShouldBe(20, route.Template);
            (await ByCursorAsync(client, path)).ShouldBe(Texts(all), route.Template);
            (await ByOffsetAsync(client, path, all.Data().Count)).ShouldBe(Texts(all), route.Template);
        }
    }

    [Fact]
    public async Task What_a_page_cannot_be_is_refused_by_name()
    {
        using var client = await app.SignedIn(await app.GivenAMember((await app.GivenATenant(), "owner")));

        foreach (var path in Lists().Select(route => route.Fill(_ => Guid.Empty.ToString())))
        {
            // Other lists walk over what they skip.
            var tooFar = path == "/api/call-logs" ? "offset=2147483648" : "offset=10001";
            foreach (var (query, parameter) in new[] { ("limit=0", "limit"), ("limit=101", "limit"), ("offset=-1", "offset"), (tooFar, "offset"), ("cursor=nonsense", "cursor") })
            {
                using var response = await client.GetAsync($"{path}?{query}", Token);
                await response.ShouldBeInvalid(parameter);
            }
        }
    }

    private List<HostRoute> Lists()
    {
        app.StartServer();
        var lists = RouteTable.Under(app, "/api/").Where(route => route.Method == "GET" && route.QueryParameters.Contains("cursor")).ToList();
        lists.ShouldNotBeEmpty();
        return lists;
    }

    private async Task<(HttpClient Client, string Path)> ArrangeAsync(HostRoute route)
    {
        var tenant = await app.GivenATenant();
        var client = await app.SignedIn(await app.GivenAMember((tenant, "owner")));
        var parent = route.PathParameters is [] ? "" : (await client.GivenAnEndpoint()).Id();
        for (var number = 1; number <= Items; number++)
        {
            await AnotherOne[route.Template](app, tenant, client, number);
            app.Clock.Advance(TimeSpan.FromSeconds(1));
        }
        return (client, route.Fill(_ => parent));
    }

    private static async Task<IReadOnlyList<string>> ByCursorAsync(HttpClient client, string path)
    {
        var seen = new List<string>();
        var next = "?limit=2";
        while (next is not null && seen.Count < 100)
        {
            var page = await client.ReadAsync(path + next);
            seen.AddRange(Texts(page));
            next = page.NextCursor() is { } cursor ? $"?limit=2&cursor={Uri.EscapeDataString(cursor)}" : null;
        }
        return seen;
    }

    private static async Task<IReadOnlyList<string>> ByOffsetAsync(HttpClient client, string path, int count)
    {
        var seen = new List<string>();
        for (var offset = 0; offset < count; offset += 2)
            seen.AddRange(Texts(await client.ReadAsync($"{path}?limit=2&offset={offset}")));
        return seen;
    }

    private static IReadOnlyList<string> Texts(JsonElement page) => [.. page.Data().Select(item => item.GetRawText())];
}
