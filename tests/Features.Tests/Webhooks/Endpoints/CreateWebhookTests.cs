using System.Net;
using System.Text;
using System.Text.Json;
using Dapper;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.Secrets;
using KestrelVoice.Features.Tests.Identity;
using KestrelVoice.Features.Webhooks;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Tests.Webhooks.Endpoints;

public sealed class CreateWebhookTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private const string Nobody = WebhookRequests.Nobody;

    [Fact]
    public async Task An_endpoint_is_created_with_a_secret_that_is_shown_this_once()
    {
        using var client = app.ClientFor(await app.GivenATenant());

        using var response = await Create(client,
            $$$"""
            {"url":"{{{Nobody}}}","events":["emergency.detected","call.completed"],"description":"  Our CRM ","rate_limit":25,
             "headers":{"X-Token":"hush","Authorization":"Basic abc"}}
            """);

        var created = await response.ShouldAnswerWith(HttpStatusCode.Created);
        response.Headers.CacheControl!.NoStore.ShouldBeTrue();
        response.Headers.Location!.ToString().ShouldBe("/api/webhooks/" + created.Id());
        created.Id().ShouldStartWith("we_");
        created.Text("url").ShouldBe(Nobody);
        created.Text("description").ShouldBe("Our CRM");
        created.Texts("events").ShouldBe(["call.completed", "emergency.detected"]);
        created.Text("status").ShouldBe("active");
        created.Texts("header_names").ShouldBe(["Authorization", "X-Token"]);
        created.GetProperty("rate_limit").GetInt32().ShouldBe(25);
        created.GetProperty("created_at").GetDateTimeOffset().ShouldBe(app.Clock.GetUtcNow());
        foreach (var quiet in new[] { "disabled_reason", "disabled_at", "failing_since", "last_success_at", "last_failure_at", "warning", "old_secret_ends_at" })
            created.IsNull(quiet).ShouldBeTrue(quiet);
        var secret = created.Text("secret");
        secret.ShouldStartWith("whsec_");
        Convert.FromBase64String(secret["whsec_".Length..]).Length.ShouldBe(32);

        var read = await client.ReadAsync("/api/webhooks/" + created.Id());
        read.Names().ShouldBe(created.Names().Except(["secret"]));
        var list = await client.ReadAsync("/api/webhooks");
        foreach (var text in new[] { read.GetRawText(), list.GetRawText() })
        {
            text.ShouldNotContain(secret["whsec_".Length..]);
            text.ShouldNotContain("hush");
        }
    }

    [Fact]
    public async Task Without_anything_but_a_url_it_gets_every_event()
    {
        using var client = app.ClientFor(await app.GivenATenant());

        var created = await client.GivenAnEndpoint();

        created.Texts("events").ShouldBe(["call.completed", "call.missed", "emergency.detected", "appointment.booked"]);
        created.GetProperty("rate_limit").GetInt32().ShouldBe(10);
        created.Text("description").ShouldBe("");
        created.Texts("header_names").ShouldBeEmpty();
    }

    [Theory]
    [InlineData("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX")]
    [InlineData("exactly twenty-four byte", "whsec_ZXhhY3RseSB0d2VudHktZm91ciBieXRl")]
    [InlineData("zwölf Dutzend Äpfel, mehr", "whsec_enfDtmxmIER1dHplbmQgw4RwZmVsLCBtZWhy")]
    public async Task A_secret_of_the_customers_own_is_shown_as_the_bytes_that_sign(string given, string shown)
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);

        using var response = await Create(client, JsonSerializer.Serialize(new { url = Nobody, secret = given }));

        var created = await response.ShouldAnswerWith(HttpStatusCode.Created);
        created.Text("secret").ShouldBe(shown);
        (await KeyOf(tenant, created.Id())).ShouldBe(Convert.FromBase64String(shown["whsec_".Length..]));
    }

    [Theory]
    [InlineData("""{}""", "url")]
    [InlineData("""{"url":""}""", "url")]
    [InlineData("""{"url":null}""", "url")]
    [InlineData("""{"url":"/webhooks"}""", "url")]
    [InlineData("""{"url":"ftp://127.0.0.1/x"}""", "url")]
    [InlineData("""{"url":"http://10.0.0.1/x"}""", "url")]
    [InlineData("""{"url":"https://169.254.169.254/latest"}""", "url")]
    [InlineData("""{"url":"https://me:secret@127.0.0.1/"}""", "url")]
    [InlineData("""{"url":"http://127.0.0.1:22/"}""", "url")]
    [InlineData("""{"url":"{nobody}","events":[]}""", "events")]
    [InlineData("""{"url":"{nobody}","events":["call.ended"]}""", "events")]
    [InlineData("""{"url":"{nobody}","events":["call.missed","call.missed"]}""", "events")]
    [InlineData("""{"url":"{nobody}","events":[null]}""", "events")]
    [InlineData("""{"url":"{nobody}","description":"a\u0000b"}""", "description")]
    [InlineData("""{"url":"{nobody}","rate_limit":0}""", "rate_limit")]
    [InlineData("""{"url":"{nobody}","rate_limit":101}""", "rate_limit")]
    [InlineData("""{"url":"{nobody}","headers":{"Host":"elsewhere"}}""", "headers")]
    [InlineData("""{"url":"{nobody}","headers":{"transfer-encoding":"chunked"}}""", "headers")]
    [InlineData("""{"url":"{nobody}","headers":{"Content-Type":"text/plain"}}""", "headers")]
    [InlineData("""{"url":"{nobody}","headers":{"Webhook-Id":"x"}}""", "headers")]
    [InlineData("""{"url":"{nobody}","headers":{"svix-id":"x"}}""", "headers")]
    [InlineData("""{"url":"{nobody}","headers":{"Kestrel-Sequence":"1"}}""", "headers")]
    [InlineData("""{"url":"{nobody}","headers":{"User-Agent":"x"}}""", "headers")]
    [InlineData("""{"url":"{nobody}","headers":{"X Y":"x"}}""", "headers")]
    [InlineData("""{"url":"{nobody}","headers":{"":"x"}}""", "headers")]
    [InlineData("""{"url":"{nobody}","headers":{"X-A":"a\r\nX-B: b"}}""", "headers")]
    [InlineData("""{"url":"{nobody}","headers":{"X-A":" a"}}""", "headers")]
    [InlineData("""{"url":"{nobody}","headers":{"X-A":"é"}}""", "headers")]
    [InlineData("""{"url":"{nobody}","headers":{"X-A":null}}""", "headers")]
    [InlineData("""{"url":"{nobody}","headers":{"X-A":"1","x-a":"2"}}""", "headers")]
    [InlineData("""{"url":"{nobody}","secret":"too short"}""", "secret")]
    [InlineData("""{"url":"{nobody}","secret":"whsec_too/short"}""", "secret")]
    [InlineData("""{"url":"{nobody}","secret":"whsec_this is no base64, long as it may well be"}""", "secret")]
    [InlineData("""{"url":"{nobody}","secret":"a text with a tab\tis not visible"}""", "secret")]
    [InlineData("""{"url":"{nobody}","tenant_id":"ten_00000000000000000000000000"}""", "tenant_id")]
    public async Task A_bad_body_is_400(string body, string parameter)
    {
        using var client = app.ClientFor(await app.GivenATenant());

        using var response = await Create(client, body.Replace("{nobody}", Nobody, StringComparison.Ordinal));

        await response.ShouldBeInvalid(parameter);
        (await client.ReadAsync("/api/webhooks")).Total().ShouldBe(0);
    }

    [Theory]
    [InlineData("description", 200, HttpStatusCode.Created)]
    [InlineData("description", 201, HttpStatusCode.BadRequest)]
    [InlineData("secret", 24, HttpStatusCode.Created)]
    [InlineData("secret", 23, HttpStatusCode.BadRequest)]
    [InlineData("secret", 64, HttpStatusCode.Created)]
    [InlineData("secret", 65, HttpStatusCode.BadRequest)]
    [InlineData("header value", 1000, HttpStatusCode.Created)]
    [InlineData("header value", 1001, HttpStatusCode.BadRequest)]
    [InlineData("header name", 100, HttpStatusCode.Created)]
    [InlineData("header name", 101, HttpStatusCode.BadRequest)]
    public async Task Texts_have_their_limits(string what, int length, HttpStatusCode status)
    {
        using var client = app.ClientFor(await app.GivenATenant());
        var text = new string('x', length);

        using var response = await Create(client, JsonSerializer.Serialize(what switch
        {
            "header value" => new { url = Nobody, headers = new Dictionary<string, string> { ["X-A"] = text } },
            "header name" => new { url = Nobody, headers = new Dictionary<string, string> { [text] = "1" } },
            _ => (object)new Dictionary<string, string> { ["url"] = Nobody, [what] = text },
        }));

        await response.ShouldBe(status);
    }

    [Theory]
    [InlineData(16, HttpStatusCode.Created)]
    [InlineData(17, HttpStatusCode.BadRequest)]
    public async Task Up_to_sixteen_headers_go_along(int count, HttpStatusCode status)
    {
        using var client = app.ClientFor(await app.GivenATenant());
        var headers = Enumerable.Range(1, count).ToDictionary(number => $"X-{number}", number => $"{number}");

        using var response = await Create(client, JsonSerializer.Serialize(new { url = Nobody, headers }));

        await response.ShouldBe(status);
    }

    [Fact]
    public async Task A_tenant_has_at_most_sixteen_whoever_comes_at_once()
    {
        using var client = app.ClientFor(await app.GivenATenant());

        var answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => Create(client, $$"""{"url":"{{Nobody}}"}""")));

        answers.Count(answer => answer.StatusCode == HttpStatusCode.Created).ShouldBe(16);
        foreach (var refused in answers.Where(answer => answer.StatusCode != HttpStatusCode.Created))
            await refused.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
        var list = await client.ReadAsync("/api/webhooks");
        list.Total().ShouldBe(16);
        using var deleted = await client.SendAsync(HttpMethod.Delete, "/api/webhooks/" + list.Data()[0].Id());
        await deleted.ShouldBe(HttpStatusCode.NoContent);
        await client.GivenAnEndpoint();
    }

    [Fact]
    public async Task Owners_admins_and_keys_that_write_manage_webhooks()
    {
        var tenant = await app.GivenATenant();
        foreach (var role in new[] { "owner", "admin" })
        {
            using var member = await app.SignedIn(await app.GivenAMember((tenant, role)));
            await member.GivenAnEndpoint();
        }
        using var staff = await app.SignedIn(await app.GivenAMember((tenant, "member")));
        using var reader = app.ClientFor(tenant, Principal.Read);

        foreach (var client in new[] { staff, reader })
        {
            using var response = await Create(client, $$"""{"url":"{{Nobody}}"}""");
            await response.ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden");
            (await client.ReadAsync("/api/webhooks")).Total().ShouldBe(2);
        }
    }

    [Fact]
    public async Task Nothing_secret_lies_in_the_database()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        using var response = await Create(client, $$$"""{"url":"{{{Nobody}}}","secret":"a secret in plain sight!","headers":{"X-Token":"hush hush"}}""");
        await response.ShouldBe(HttpStatusCode.Created);

        await using var connection = await app.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        var rows = await connection.QueryAsync<string>(
            "select e::text || s::text from webhook_endpoints e join webhook_secrets s using (tenant_id) where tenant_id = @Id", new { tenant.Id });

        var row = rows.ShouldHaveSingleItem();
        foreach (var secret in new[] { "a secret in plain sight!", "hush hush" })
        {
            row.ShouldNotContain(secret);
            row.ShouldNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)));
            row.ShouldNotContain(Convert.ToHexStringLower(Encoding.UTF8.GetBytes(secret)));
        }
    }

    private static Task<HttpResponseMessage> Create(HttpClient client, string json) => client.SendAsync(HttpMethod.Post, "/api/webhooks", json);

    private async Task<byte[]> KeyOf(TestTenant tenant, string endpointId)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        var (id, sealedKey) = await connection.QuerySingleAsync<(Guid, string)>(
            "select id, sealed from webhook_secrets where tenant_id = @TenantId and endpoint_id = @EndpointId",
            new { TenantId = tenant.Id, EndpointId = TypeId.Parse(TypeId.WebhookEndpoint, endpointId) });
        return new WebhookSecrets(app.Services.GetRequiredService<Envelope>()).OpenKey(tenant.Id, id, sealedKey);
    }
}
