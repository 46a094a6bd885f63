using System.Buffers.Text;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Dapper;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Events;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests.Appointments;
using KestrelVoice.Features.Tests.Calendars;
using KestrelVoice.Features.Tests.Calls;
using KestrelVoice.Features.Tests.Identity;
using KestrelVoice.Features.Tests.Webhooks;

namespace KestrelVoice.Features.Tests.Routes;

/// <summary>Every route and every id of one tenant, asked for by another, with each kind of credential.</summary>
public sealed class TenantIsolationTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private const string Caller = "+15035554321";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // What the first tenant has behind each path that ends in an id. A route with a new one fails here until it is said what to ask it for.
    private static readonly Dictionary<string, Func<Belongings, string>> BehindId = new(StringComparer.Ordinal)
    {
        ["/api/call-logs/{id}"] = owned => owned.CallId,
        ["/api/api-keys/{id}"] = owned => owned.KeyId,
        ["/api/members/{id}"] = owned => owned.MemberId,
        ["/api/calendars/{id}"] = owned => owned.CalendarId,
        ["/api/webhooks/{id}"] = owned => owned.WebhookId,
        ["/api/webhooks/{id}/messages/{message_id}"] = owned => owned.MessageId,
        ["/api/hooks/{id}"] = owned => owned.HookId,
        ["/api/appointments/{id}"] = owned => owned.AppointmentId,
        ["/api/services/{id}"] = owned => owned.ServiceId,
        ["/api/resources/{id}"] = owned => owned.ResourceId,
        ["/api/erasures/{id}"] = owned => owned.ErasureId,
        ["/api/appointments/holds/{id}"] = owned => owned.HoldId,
        ["/api/events/{event}"] = _ => TenantEventTypes.CallCompleted,
    };

    // What is no id is nobody's: behind it everybody finds their own.
    private static readonly string[] NoIds = ["/api/events/{event}"];

    // Where no key is let in.
    private static readonly string[] ForPeople = ["/api/api-keys", "/api/members"];

    // What is sent along, so that a route that writes gets as far as writing; nothing where none is named.
    private static readonly Dictionary<string, object> Bodies = new(StringComparer.Ordinal)
    {
        ["/api/appointments/{id}/reschedule"] = new { starts_at = "2026-03-06T18:00:00Z" },
        ["/api/services"] = new { name = "from another tenant", length_minutes = 60 },
        ["/api/services/{id}"] = new { name = "from another tenant" },
        ["/api/resources"] = new { name = "from another tenant" },
        ["/api/resources/{id}"] = new { name = "from another tenant" },
        ["/api/holidays"] = new { data = new[] { new { day = "2026-07-04" } } },
        ["/api/callers/export"] = new { phone_number = Caller },
        ["/api/callers/erase"] = new { phone_number = Caller, cancel_appointments = true },
        ["/api/retention"] = new { call_days = 30 },
        ["/api/api-keys"] = new { name = "from another tenant", scopes = new[] { "read" } },
        ["/api/members"] = new { email = "stranger@oakroad.example", role = "viewer" },
        ["/api/members/{id}"] = new { role = "viewer" },
        ["/api/webhooks"] = new { url = WebhookRequests.Nobody + "/stranger" },
        ["/api/webhooks/{id}"] = new { description = "from another tenant" },
        ["/api/webhooks/{id}/resend-failed"] = new { since = "2026-01-01T00:00:00Z" },
        ["/api/calendars"] = new { resource_id = Guid.Empty, url = WebhookRequests.Nobody + "/stranger", username = "stranger", password = "secret" },
        ["/api/calendars/google"] = new { resource_id = Guid.Empty },
        ["/api/hooks"] = new { @event = "call.missed", target_url = WebhookRequests.Nobody + "/stranger" },
    };

    [Fact]
    public async Task Another_tenant_finds_nothing_by_any_id_and_neither_does_a_test_key()
    {
        var (owner, stranger) = (await app.GivenATenant(name: "Maple Street Plumbing"), await app.GivenATenant(name: "Oak Road Heating"));
        var owned = await GiveBelongingsAsync(owner);
        var routes = RouteTable.Under(app, "/api/").Where(route => route.PathParameters.Count > 0).ToList();
        routes.ShouldNotBeEmpty();
        routes.SelectMany(PathsToIds).Where(path => !BehindId.ContainsKey(path)).Distinct().ShouldBeEmpty("tell BehindId what the first tenant has there");

        var leaks = new List<string>();
        using var ownTestKey = await app.GivenATestClient(owner);
        foreach (var route in routes.Where(route => HasAnId(route)))
        {
            foreach (var (credential, client) in (await ClientsAsync(stranger)).Append(("test key", ownTestKey)))
            {
                foreach (var path in new[] { Fill(route, owned, id => id), Fill(route, owned, Bare) })
                {
                    using var response = await SendAsync(client, route, path);
                    // A credential that may not use the route at all is refused before any id is looked at.
                    var mayNot = response.StatusCode == HttpStatusCode.Forbidden && credential.EndsWith("key", StringComparison.Ordinal) && ForPeople.Any(path => route.Template.StartsWith(path, StringComparison.Ordinal));
                    // Unsubscribing is fine when there is nothing to end, and that nothing was ended is another test's matter.
                    var mayBeGone = response.StatusCode == HttpStatusCode.NoContent && route is { Method: "DELETE", Template: "/api/hooks/{id}" };
                    if (response.StatusCode != HttpStatusCode.NotFound && !mayNot && !mayBeGone)
                        leaks.Add($"{route} by {credential}: {(int)response.StatusCode}");
                }
            }
        }
        leaks.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_owner_finds_what_the_other_tenant_did_not()
    {
        var owner = await app.GivenATenant();
        var owned = await GiveBelongingsAsync(owner);
        var member = (await ClientsAsync(owner)).Single(client => client.Credential == "member").Client;

        foreach (var route in RouteTable.Under(app, "/api/").Where(route => route is { PathParameters.Count: > 0, Method: "GET" }))
        {
            var asked = SendAsync(member, route, Fill(route, owned, id => id));
            while (await Task.WhenAny(asked, Task.Delay(TimeSpan.FromMilliseconds(50), Token)) != asked)
                app.Clock.Advance(TimeSpan.FromSeconds(1));
            using var response = await asked;
            // The media is at Twilio, which is not there in this test: that it was asked for is enough.
            response.StatusCode.ShouldBe(route.Template.EndsWith("/recording", StringComparison.Ordinal) ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK, route.ToString());
        }
    }

    [Fact]
    public async Task No_list_shows_anything_of_another_tenant()
    {
        var (owner, stranger) = (await app.GivenATenant(name: "Elm Lane Electric"), await app.GivenATenant(name: "Pine Way Roofing"));
        var owned = await GiveBelongingsAsync(owner);
        string[] marks = [owner.Name, owner.Number, owner.Id.ToString(), TypeId.Format(TypeId.Tenant, owner.Id), owned.CallId, Bare(owned.CallId), owned.KeyId, Bare(owned.KeyId), owned.MemberId, owned.WebhookId, Bare(owned.WebhookId), owned.HookId, Bare(owned.HookId), owned.EventId, Bare(owned.EventId), owned.AppointmentId, Bare(owned.AppointmentId), owned.ServiceId, Bare(owned.ServiceId), owned.ResourceId, Bare(owned.ResourceId), owned.CalendarId, Bare(owned.CalendarId), owned.Words, owned.Caller];
        var routes = RouteTable.Under(app, "/api/").Where(route => route.Method == "GET" && !HasAnId(route)).ToList();
        routes.Count.ShouldBeGreaterThan(1);

        var leaks = new List<string>();
        using var ownTestKey = await app.GivenATestClient(owner);
        foreach (var route in routes)
        {
            foreach (var (credential, client) in (await ClientsAsync(stranger)).Append(("test key", ownTestKey)))
            {
                using var response = await SendAsync(client, route, Fill(route, owned, id => id));
                var text = await response.Content.ReadAsStringAsync(Token);
                leaks.AddRange(marks.Where(mark => mark != owner.Name || client != ownTestKey).Where(mark => text.Contains(mark, StringComparison.OrdinalIgnoreCase)).Select(mark => $"{route} by {credential} shows {mark}"));
            }
        }
        leaks.ShouldBeEmpty();
    }

    [Fact]
    public async Task Nothing_another_tenant_does_changes_the_first_ones_world()
    {
        var (owner, stranger) = (await app.GivenATenant(), await app.GivenATenant());
        var owned = await GiveBelongingsAsync(owner);
        using var watcher = await app.SignedIn(await app.GivenAMember((owner, "owner")));
        using var ownTestKey = await app.GivenATestClient(owner);
        var before = await WorldOfAsync(watcher);

        foreach (var route in RouteTable.Under(app, "/api/").Where(route => route.Writes))
        {
            foreach (var (_, client) in (await ClientsAsync(stranger)).Append(("test key", ownTestKey)))
                (await SendAsync(client, route, Fill(route, owned, id => id))).Dispose();
        }

        (await WorldOfAsync(watcher)).ShouldBe(before);
    }

    [Fact]
    public async Task Without_a_credential_no_route_answers()
    {
        using var nobody = app.Stranger();
        var open = new List<string>();
        foreach (var route in RouteTable.Under(app, "/api/", "/internal/", "/events/", "/dapr/"))
        {
            using var response = await SendAsync(nobody, route, route.Fill(_ => Guid.Empty.ToString()));
            if (response.StatusCode != HttpStatusCode.Unauthorized)
                open.Add($"{route}: {(int)response.StatusCode}");
            else if (await DocumentedProblem.OffenceAsync(response) is { } offence)
                open.Add($"{route}: {offence}");
        }
        open.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_sidecars_routes_do_not_open_for_a_tenant()
    {
        var tenant = await app.GivenATenant();
        var open = new List<string>();
        foreach (var route in RouteTable.Under(app, "/internal/", "/events/", "/dapr/"))
        {
            foreach (var (credential, client) in await ClientsAsync(tenant))
            {
                using var response = await SendAsync(client, route, route.Template);
                if (response.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden))
                    open.Add($"{route} by {credential}: {(int)response.StatusCode}");
            }
        }
        open.ShouldBeEmpty();
    }

    private sealed record Belongings(
        string CallId, string KeyId, string MemberId, string WebhookId, string MessageId, string HookId, string EventId, string Words, string Caller,
        string AppointmentId, string HoldId, string ServiceId, string ResourceId, string CalendarId, string ErasureId);

    private async Task<Belongings> GiveBelongingsAsync(TestTenant tenant)
    {
        const string Words = "My secret name is Rumpelstiltskin";
        var call = new PhoneCall(tenant, tenant.Number.GetHashCode(StringComparison.Ordinal) & int.MaxValue, KestrelVoiceApp.Noon, Caller);
        await app.GivenACall(call.Started(), call.Says(Words), call.Voicemail(), call.Recording(RecordingKind.Voicemail), call.Ended());

        var member = (await ClientsAsync(tenant)).Single(client => client.Credential == "member").Client;
        var calls = await member.GetFromJsonAsync<JsonElement>("/api/call-logs", Token);
        using var created = await member.PostAsJsonAsync("/api/api-keys", new { name = "Zapier", scopes = new[] { "read" } }, Token);
        created.StatusCode.ShouldBe(HttpStatusCode.Created);
        var key = await created.Content.ReadFromJsonAsync<JsonElement>(Token);
        var webhook = await member.GivenAnEndpoint($"{WebhookRequests.Nobody}/{tenant.Id}");
        await GiveSummaryAsync(tenant, calls.Data()[0].Id(), Words);
        var hook = await member.GivenAHook($"{WebhookRequests.Nobody}/{tenant.Id}");
        var message = await app.GivenAMessage(tenant, webhook.Id());
        var appointment = await app.GivenAnAppointment(tenant);
        return new Belongings(
            calls.Data()[0].Id(), key.Id(), (await app.GivenAMember((tenant, "viewer"))).Id.ToString(), webhook.Id(), message.Id, hook.Id(), TypeId.Format(TypeId.Event, message.Event.Id), Words, Caller,
            appointment.Id(), await app.GivenAHold(tenant), appointment.GetProperty("service").Id(), appointment.GetProperty("resource").Id(), await app.GivenACalendarOfNobody(tenant),
            await GiveErasureAsync(member));
    }

    private static async Task<string> GiveErasureAsync(HttpClient member)
    {
        using var erased = await member.PostAsJsonAsync("/api/callers/erase", new { phone_number = "+15035550000" }, Token);
        return (await erased.ShouldAnswerWith(HttpStatusCode.Accepted)).Id();
    }

    private async Task GiveSummaryAsync(TestTenant tenant, string callId, string text)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        await connection.ExecuteAsync(
            """
            insert into call_summaries (tenant_id, call_id, status, summary, engine, fields, started_at, finished_at)
            values (@TenantId, @CallId, 'ready', @Text, 'offline', '{}', @Now, @Now)
            """,
            new { TenantId = tenant.Id, CallId = TypeId.Parse(TypeId.Call, callId), Text = text, Now = KestrelVoiceApp.Noon.UtcDateTime });
    }

    private async Task<string> WorldOfAsync(HttpClient member)
    {
        var answers = new List<string>();
        // All but what counts these very questions.
        foreach (var route in RouteTable.Under(app, "/api/").Where(route => route is { PathParameters.Count: 0, Method: "GET", Template: not ("/api/me" or "/api/availability" or "/api/export/call-logs") }))
            answers.Add($"{route}\n{await member.GetStringAsync(route.Template, Token)}");
        return string.Join("\n", answers);
    }

    private async Task<IReadOnlyList<(string Credential, HttpClient Client)>> ClientsAsync(TestTenant tenant)
    {
        var member = await app.GivenAMember((tenant, "owner"));
        var byKey = app.Stranger();
        byKey.DefaultRequestHeaders.Add("X-API-Key", (await app.GivenAKey(tenant, Principal.Read, Principal.Write)).Text);
        var byCookie = app.Stranger();
        var session = Base64Url.EncodeToString(Encoding.UTF8.GetBytes((await app.SignIn(member)).GetRawText()));
        byCookie.DefaultRequestHeaders.Add("Cookie", $"{Member.CookieName}=base64-{session}");
        byCookie.DefaultRequestHeaders.Add("Sec-Fetch-Site", "same-origin");
        return [("key", byKey), ("cookie", byCookie), ("member", await app.SignedIn(member))];
    }

    private static Task<HttpResponseMessage> SendAsync(HttpClient client, HostRoute route, string path)
    {
        var request = new HttpRequestMessage(new HttpMethod(route.Method), path);
        if (route.Writes && route.Method != "DELETE")
            request.Content = JsonContent.Create(Bodies.GetValueOrDefault(route.Template, new { }));
        return client.SendAsync(request, Token);
    }

    private static bool HasAnId(HostRoute route) => PathsToIds(route).Any(path => !NoIds.Contains(path));

    // The path up to and with each of its parameters.
    private static IEnumerable<string> PathsToIds(HostRoute route) => route.PathParameters.Select(
        parameter => route.Template[..(route.Template.IndexOf($"{{{parameter}}}", StringComparison.Ordinal) + parameter.Length + 2)]);

    private static string Fill(HostRoute route, Belongings owned, Func<string, string> form)
    {
        var ids = route.PathParameters.Zip(PathsToIds(route)).ToDictionary(pair => pair.First, pair => form(BehindId[pair.Second](owned)));
        return route.Fill(parameter => ids[parameter]);
    }

    private static string Bare(string id) => TypeId.TryParse(id.Split('_')[0], id, out var bare) ? bare.ToString() : id;
}
