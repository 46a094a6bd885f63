using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using KestrelVoice.Features.Kernel.Idempotency;
using KestrelVoice.Features.Tests.Appointments;
using KestrelVoice.Features.Tests.Identity;
using KestrelVoice.Features.Tests.Webhooks;
using KestrelVoice.Features.Tests.Webhooks.Delivery;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Tests.Kernel;

public sealed class IdempotencyKeyTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private const string Key = "8e03978e-40d5-43dd-bc93-6894a57f9324";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Repeated_under_its_key_a_request_is_carried_out_once_and_answered_as_before()
    {
        var (tenant, client, trade) = await ArrangeAsync();

        using var first = await BookAsync(client, trade, Key);
        using var second = await BookAsync(client, trade, Key);

        await first.ShouldBe(HttpStatusCode.Created);
        first.Headers.Contains("Idempotent-Replayed").ShouldBeFalse();
        await ShouldRepeat(second, first);
        (await client.ReadAsync("/api/appointments")).Total().ShouldBe(1);
        (await CountAsync("tenant_events", tenant)).ShouldBe(1);
    }

    [Fact]
    public async Task A_refusal_is_repeated_too_and_another_key_asks_anew()
    {
        var (_, client, trade) = await ArrangeAsync();
        using var winner = await BookAsync(client, trade, "the winner's");
        using var refused = await BookAsync(client, trade, Key);
        await refused.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
        var id = (await winner.Content.ReadFromJsonAsync<JsonElement>(Token)).Id();
        (await client.PostAsync($"/api/appointments/{id}/cancel", null, Token)).EnsureSuccessStatusCode();

        using var again = await BookAsync(client, trade, Key);
        using var anew = await BookAsync(client, trade, "another");

        await ShouldRepeat(again, refused);
        await anew.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task What_was_not_even_begun_may_be_corrected_under_the_same_key()
    {
        var (_, client, trade) = await ArrangeAsync();
        using var invalid = await BookAsync(client, trade, Key, startsAt: "tomorrow");
        await invalid.ShouldBeInvalid("starts_at");

        using var corrected = await BookAsync(client, trade, Key);

        await corrected.ShouldBe(HttpStatusCode.Created);
        corrected.Headers.Contains("Idempotent-Replayed").ShouldBeFalse();
    }

    [Fact]
    public async Task Who_may_not_do_it_leaves_no_key_behind()
    {
        var (tenant, _, trade) = await ArrangeAsync();
        using var reader = app.ClientFor(tenant, "read");
        using var stranger = app.Stranger();

        using var forbidden = await BookAsync(reader, trade, Key);
        using var unauthorized = await BookAsync(stranger, trade, Key);

        await forbidden.ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden");
        await unauthorized.ShouldBeProblem(HttpStatusCode.Unauthorized, "unauthorized");
        (await CountAsync("idempotency_keys", tenant)).ShouldBe(0);
    }

    [Fact]
    public async Task A_key_that_was_used_for_something_else_is_refused()
    {
        var (_, client, trade) = await ArrangeAsync();
        using var booked = await BookAsync(client, trade, Key);
        var id = (await booked.Content.ReadFromJsonAsync<JsonElement>(Token)).Id();

        using var otherBody = await BookAsync(client, trade, Key, StartsAt(days: 3));
        using var otherPath = await SendAsync(client, $"/api/appointments/{id}/cancel", null, Key);

        await otherBody.ShouldBeInvalid("Idempotency-Key");
        await otherPath.ShouldBeInvalid("Idempotency-Key");
        (await client.ReadAsync("/api/appointments/" + id)).GetProperty("status").GetString().ShouldBe("scheduled");
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\tb")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345")]
    public async Task What_is_no_key_is_refused(string key)
    {
        var (_, client, trade) = await ArrangeAsync();

        using var response = await BookAsync(client, trade, key);

        await response.ShouldBeInvalid("Idempotency-Key");
        (await client.ReadAsync("/api/appointments")).Total().ShouldBe(0);
    }

    [Fact]
    public async Task Of_twenty_at_once_one_is_carried_out_and_all_others_hear_of_it_or_are_to_wait()
    {
        var (tenant, client, trade) = await ArrangeAsync(technicians: 3);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => BookAsync(client, trade, Key)));

        foreach (var waiting in answers.Where(answer => answer.StatusCode != HttpStatusCode.Created))
        {
            await waiting.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
            waiting.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1));
        }
        var booked = answers.Where(answer => answer.StatusCode == HttpStatusCode.Created).ToList();
        booked.Count(answer => !answer.Headers.Contains("Idempotent-Replayed")).ShouldBe(1);
        (await Task.WhenAll(booked.Select(answer => answer.Content.ReadAsStringAsync(Token)))).Distinct().ShouldHaveSingleItem();
        (await client.ReadAsync("/api/appointments")).Total().ShouldBe(1);
        (await CountAsync("tenant_events", tenant)).ShouldBe(1);
        using var later = await BookAsync(client, trade, Key);
        later.Headers.GetValues("Idempotent-Replayed").ShouldBe(["true"]);
    }

    [Fact]
    public async Task Another_tenant_and_another_credential_have_keys_of_their_own()
    {
        var (tenant, client, trade) = await ArrangeAsync(technicians: 2);
        var (_, stranger, theirs) = await ArrangeAsync();
        using var colleague = app.ClientFor(tenant);

        using var ours = await BookAsync(client, trade, Key);
        using var other = await BookAsync(stranger, theirs, Key);
        using var second = await BookAsync(colleague, trade, Key);

        foreach (var answer in new[] { ours, other, second })
        {
            await answer.ShouldBe(HttpStatusCode.Created);
            answer.Headers.Contains("Idempotent-Replayed").ShouldBeFalse();
        }
        (await client.ReadAsync("/api/appointments")).Total().ShouldBe(2);
        (await stranger.ReadAsync("/api/appointments")).Total().ShouldBe(1);
    }

    [Fact]
    public async Task Booking_and_answer_are_stored_together_or_not_at_all()
    {
        var (_, client, trade) = await ArrangeAsync();
        await app.Execute(
            """
            create function fail_at_commit() returns trigger language plpgsql as $$ begin raise exception 'as if the power had failed'; end $$;
            create constraint trigger fail_at_commit after update on idempotency_keys deferrable initially deferred for each row execute function fail_at_commit()
            """, new { });
        using (var failed = await BookAsync(client, trade, Key))
            await failed.ShouldBe(HttpStatusCode.InternalServerError);
        (await client.ReadAsync("/api/appointments")).Total().ShouldBe(0);
        await app.Execute("drop trigger fail_at_commit on idempotency_keys; drop function fail_at_commit()", new { });

        using var again = await BookAsync(client, trade, Key);

        await again.ShouldBe(HttpStatusCode.Created);
        again.Headers.Contains("Idempotent-Replayed").ShouldBeFalse();
    }

    [Fact]
    public async Task Whoever_was_overtaken_commits_nothing()
    {
        var (_, client, trade) = await ArrangeAsync();
        await app.Execute(
            """
            create function overtake() returns trigger language plpgsql as $$ begin update idempotency_keys set claim = gen_random_uuid(); return new; end $$;
            create trigger overtake before insert on appointments for each row execute function overtake()
            """, new { });

        using var overtaken = await BookAsync(client, trade, Key);

        await overtaken.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
        (await client.ReadAsync("/api/appointments")).Total().ShouldBe(0);
        await app.Execute("drop trigger overtake on appointments; drop function overtake()", new { });
    }

    [Fact]
    public async Task A_request_that_died_is_taken_over_once_its_lease_has_ended()
    {
        var (_, client, trade) = await ArrangeAsync();
        using var first = await BookAsync(client, trade, Key);
        var id = (await first.Content.ReadFromJsonAsync<JsonElement>(Token)).Id();
        (await client.PostAsync($"/api/appointments/{id}/cancel", null, Token)).EnsureSuccessStatusCode();
        // As a host leaves it that dies between the claim and the commit.
        await app.Execute("update idempotency_keys set status = null, body = null, location = null, content_type = null", new { });
        using (var early = await BookAsync(client, trade, Key))
            await early.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");

        app.Clock.Advance(StoredAnswers.Lease);

        using var late = await BookAsync(client, trade, Key);
        await late.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task After_a_day_a_key_is_forgotten_and_may_be_used_again()
    {
        var (tenant, client, trade) = await ArrangeAsync();
        using var first = await BookAsync(client, trade, Key);
        (await CountAsync("idempotency_keys", tenant)).ShouldBe(1);

        app.Clock.Advance(StoredAnswers.KeptFor);

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        while (await CountAsync("idempotency_keys", tenant) > 0)
        {
            app.Clock.Advance(TimeSpan.FromMinutes(1));
            await Task.Delay(20, patience.Token);
        }
        using var second = await BookAsync(client, trade, Key, StartsAt(days: 3));
        await second.ShouldBe(HttpStatusCode.Created);
    }

    [Theory]
    [InlineData("/api/webhooks", $$"""{"url":"{{WebhookRequests.Nobody}}/idempotent"}""", "secret")]
    [InlineData("/api/api-keys", """{"name":"Reports","scopes":["read"]}""", "key")]
    public async Task A_secret_that_is_shown_once_is_shown_again_and_not_stored_in_clear(string path, string wish, string secret)
    {
        var tenant = await app.GivenATenant();
        using var client = await app.SignedIn(await app.GivenAMember((tenant, "owner")));
        var body = JsonElement.Parse(wish);

        using var first = await SendAsync(client, path, body, Key);
        using var second = await SendAsync(client, path, body, Key);

        await first.ShouldBe(HttpStatusCode.Created);
        await ShouldRepeat(second, first);
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        var stored = await connection.QuerySingleAsync<string>("select row_to_json(k)::text from idempotency_keys k where tenant_id = @Id", new { tenant.Id });
        stored.ShouldNotContain((await first.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty(secret).GetString()!);
        stored.ShouldContain("\"body\":\"v1.test.");
        stored.ShouldNotContain(Key);
    }

    [Fact]
    public async Task Deletions_are_repeated_without_a_body()
    {
        var (_, client, _) = await ArrangeAsync();
        var service = await client.GivenAService();

        for (var time = 0; time < 2; time++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Delete, "/api/services/" + service.Id()) { Headers = { { "Idempotency-Key", Key } } };
            using var response = await client.SendAsync(request, Token);
            await response.ShouldBe(HttpStatusCode.NoContent);
            response.Headers.Contains("Idempotent-Replayed").ShouldBe(time == 1);
        }
    }

    [Fact]
    public async Task Every_write_of_appointments_and_of_the_schedule_takes_a_key_and_says_so()
    {
        var document = await app.Stranger().ReadAsync("/openapi/v1.json");
        var writes = app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Select(endpoint => (Route: endpoint, Path: "/" + endpoint.RoutePattern.RawText!.TrimStart('/'), Method: endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods[0]))
            .Where(route => route.Method is not (null or "GET") && route.Path.StartsWith("/api/", StringComparison.Ordinal) && new[] { "appointments", "services", "resources", "holidays" }.Contains(route.Path.Split('/')[2]))
            .ToList();

        writes.Count.ShouldBeGreaterThanOrEqualTo(11);
        foreach (var (route, path, method) in writes)
        {
            route.Metadata.GetMetadata<IdempotencyKey>().ShouldNotBeNull(path);
            document.GetProperty("paths").GetProperty(path).GetProperty(method!.ToLower(CultureInfo.InvariantCulture)).GetProperty("parameters")
                .EnumerateArray().ShouldContain(parameter => parameter.GetProperty("name").GetString() == "Idempotency-Key", path);
        }
    }

    private async Task<(TestTenant Tenant, HttpClient Client, Trade Trade)> ArrangeAsync(int technicians = 1)
    {
        var tenant = await app.GivenATenant();
        return (tenant, app.ClientFor(tenant), await app.GivenATrade(tenant, technicians));
    }

    // Within hours, whatever the clocks of tests have come to.
    private string StartsAt(int days) =>
        app.Clock.GetUtcNow().AddDays(days).ToString("yyyy-MM-dd'T'20:00:00'Z'", CultureInfo.InvariantCulture);

    private Task<HttpResponseMessage> BookAsync(HttpClient client, Trade trade, string key, string? startsAt = null) => SendAsync(client, "/api/appointments", new
    {
        service_id = trade.ServiceId,
        starts_at = startsAt ?? StartsAt(days: 2),
        customer = new { name = "Dana Whitfield", phone_number = "+15035550142" },
    }, key);

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, string path, object? body, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        return await client.SendAsync(request, Token);
    }

    private static async Task ShouldRepeat(HttpResponseMessage repeated, HttpResponseMessage first)
    {
        await repeated.ShouldBe(first.StatusCode);
        repeated.Headers.GetValues("Idempotent-Replayed").ShouldBe(["true"]);
        repeated.Headers.Location.ShouldBe(first.Headers.Location);
        repeated.Content.Headers.ContentType.ShouldBe(first.Content.Headers.ContentType);
        (await repeated.Content.ReadAsStringAsync(Token)).ShouldBe(await first.Content.ReadAsStringAsync(Token));
    }

    private async Task<int> CountAsync(string table, TestTenant tenant)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        return await connection.QuerySingleAsync<int>($"select count(*)::integer from {table} where tenant_id = @Id", new { tenant.Id });
    }
}
