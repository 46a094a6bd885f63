using System.Net;
using System.Text;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.Idempotency;
using KestrelVoice.Features.Tests.Appointments;
using KestrelVoice.Features.Tests.Calendars;
using KestrelVoice.Features.Tests.Identity;
using KestrelVoice.Features.Tests.Routes;
using KestrelVoice.Features.Tests.Webhooks;
using KestrelVoice.Features.Tests.Webhooks.Delivery;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Tests.Kernel;

/// <summary>Every write that takes an Idempotency-Key, sent again under its key.</summary>
public sealed class RepeatedWritesTests(KestrelVoiceApp app, RadicaleServer radicale) : IClassFixture<KestrelVoiceApp>, IClassFixture<RadicaleServer>
{
    // Each with something to be done to. A route that is new fails here until it is said how it is asked for.
    private readonly Dictionary<string, Func<KestrelVoiceApp, TestTenant, HttpClient, Task<(string Path, string? Body)>>> wishes = new(StringComparer.Ordinal)
    {
        ["POST /api/hooks"] = (_, _, _) => Wish("/api/hooks", $$"""{"event":"call.missed","target_url":"{{WebhookRequests.Nobody}}/repeated"}"""),
        ["POST /api/webhooks"] = (_, _, _) => Wish("/api/webhooks", $$"""{"url":"{{WebhookRequests.Nobody}}/repeated"}"""),
        ["POST /api/webhooks/{id}/rotate-secret"] = async (_, _, client) => ($"/api/webhooks/{(await client.GivenAnEndpoint()).Id()}/rotate-secret", "{}"),
        ["POST /api/members"] = (_, _, _) => Wish("/api/members", """{"email":"robin@repeated.example","role":"viewer"}"""),
        ["POST /api/api-keys"] = (_, _, _) => Wish("/api/api-keys", """{"name":"Reports","scopes":["read"],"mode":"test"}"""),
        ["POST /api/calendars"] = async (app, tenant, _) =>
        {
            var (user, resource) = (await radicale.GivenAUserAsync(), (await app.GivenATrade(tenant)).ResourceIds[0]);
            return ("/api/calendars", $$"""{"resource_id":"{{resource}}","url":"{{user.Calendar}}","username":"{{user.Name}}","password":"{{RadicaleServer.Password}}"}""");
        },
        ["POST /api/appointments"] = async (app, tenant, _) => ("/api/appointments",
            $$"""
            {"service_id":"{{(await app.GivenATrade(tenant)).ServiceId}}","starts_at":"2026-03-05T18:00:00Z",
             "customer":{"name":"Dana Whitfield","phone_number":"+15035550142"} }
            """),
        ["POST /api/appointments/holds"] = async (app, tenant, _) => ("/api/appointments/holds",
            $$"""{"service_id":"{{(await app.GivenATrade(tenant)).ServiceId}}","starts_at":"2026-03-05T18:00:00Z"}"""),
        ["DELETE /api/appointments/holds/{id}"] = async (app, tenant, _) => ($"/api/appointments/holds/{await app.GivenAHold(tenant)}", null),
        ["POST /api/appointments/{id}/reschedule"] = async (app, tenant, _) =>
            ($"/api/appointments/{(await app.GivenAnAppointment(tenant)).Id()}/reschedule", """{"starts_at":"2026-03-06T18:00:00Z"}"""),
        ["POST /api/appointments/{id}/cancel"] = async (app, tenant, _) => ($"/api/appointments/{(await app.GivenAnAppointment(tenant)).Id()}/cancel", null),
        ["POST /api/appointments/{id}/complete"] = async (app, tenant, _) => ($"/api/appointments/{await GivenWorkThatBegan(app, tenant)}/complete", null),
        ["POST /api/services"] = (_, _, _) => Wish("/api/services", """{"name":"Boiler check","length_minutes":60}"""),
        ["PATCH /api/services/{id}"] = async (_, _, client) => ($"/api/services/{(await client.GivenAService()).Id()}", """{"name":"Boiler service"}"""),
        ["DELETE /api/services/{id}"] = async (_, _, client) => ($"/api/services/{(await client.GivenAService()).Id()}", null),
        ["POST /api/resources"] = (_, _, _) => Wish("/api/resources", """{"name":"Robin"}"""),
        ["PATCH /api/resources/{id}"] = async (_, _, client) => ($"/api/resources/{(await client.GivenAResource()).Id()}", """{"name":"Sam"}"""),
        ["DELETE /api/resources/{id}"] = async (_, _, client) => ($"/api/resources/{(await client.GivenAResource()).Id()}", null),
        ["PUT /api/holidays"] = (_, _, _) => Wish("/api/holidays", """{"data":[{"day":"2026-07-04"}]}"""),
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_write_that_takes_a_key_is_carried_out_once_and_answered_as_before()
    {
        var tenant = await app.GivenATenant();
        using var owner = await app.SignedIn(await app.GivenAMember((tenant, "owner")));
        foreach (var route in Writes())
        {
            wishes.ShouldContainKey(route.ToString(), "say how it is asked for");
            var (path, body) = await wishes[route.ToString()](app, tenant, owner);

            using var first = await SendAsync(owner, route, path, body);
            using var second = await SendAsync(owner, route, path, body);

            first.IsSuccessStatusCode.ShouldBeTrue($"{route}: {await first.Content.ReadAsStringAsync(Token)}");
            first.Headers.Contains(IdempotencyKey.Replayed).ShouldBeFalse(route.ToString());
            second.StatusCode.ShouldBe(first.StatusCode, route.ToString());
            second.Headers.Contains(IdempotencyKey.Replayed).ShouldBeTrue(route.ToString());
            second.Headers.Location.ShouldBe(first.Headers.Location, route.ToString());
            (await second.Content.ReadAsStringAsync(Token)).ShouldBe(await first.Content.ReadAsStringAsync(Token), route.ToString());
        }
    }

    [Fact]
    public async Task While_one_is_under_way_it_is_not_begun_again()
    {
        var tenant = await app.GivenATenant();
        using var owner = await app.SignedIn(await app.GivenAMember((tenant, "owner")));
        foreach (var route in Writes())
        {
            var (path, body) = await wishes[route.ToString()](app, tenant, owner);
            (await SendAsync(owner, route, path, body)).Dispose();
            // As it is between the claim and the commit.
            await app.Execute(
                "update idempotency_keys set status = null, body = null, location = null, content_type = null where tenant_id = @Id", new { tenant.Id });

            using var waiting = await SendAsync(owner, route, path, body);

            await waiting.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
            waiting.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1), route.ToString());
        }
    }

    private List<HostRoute> Writes()
    {
        app.StartServer();
        var marked = app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<IdempotencyKey>() is not null)
            .Select(endpoint => $"{endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods[0]} /{endpoint.RoutePattern.RawText!.TrimStart('/')}")
            .ToHashSet(StringComparer.Ordinal);
        marked.Except(wishes.Keys).ShouldBeEmpty("say how it is asked for");
        return [.. RouteTable.Under(app, "/api/").Where(route => marked.Contains(route.ToString()))];
    }

    private static Task<(string Path, string? Body)> Wish(string path, string body) => Task.FromResult<(string, string?)>((path, body));

    private static async Task<string> GivenWorkThatBegan(KestrelVoiceApp app, TestTenant tenant)
    {
        var id = (await app.GivenAnAppointment(tenant)).Id();
        await app.Execute(
            """
            update appointments
            set starts_at = starts_at - interval '9 days', ends_at = ends_at - interval '9 days',
                blocked_start = blocked_start - interval '9 days', blocked_end = blocked_end - interval '9 days'
            where id = @Id
            """,
            new { Id = TypeId.Parse(TypeId.Appointment, id) });
        return id;
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, HostRoute route, string path, string? body)
    {
        using var request = new HttpRequestMessage(new HttpMethod(route.Method), path);
        request.Headers.Add(IdempotencyKey.Header, route.ToString());
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        return await client.SendAsync(request, Token);
    }
}
