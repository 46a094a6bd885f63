using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Dapper;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Tests.Identity;

namespace KestrelVoice.Features.Tests.Appointments;

public sealed class BookAppointmentTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_offered_is_booked_listed_and_offered_no_more()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var trade = await app.GivenATrade(tenant);
        var path = $"/api/availability?service_id={trade.ServiceId}&from=2026-03-05T00:00:00Z&to=2026-03-06T08:00:00Z";
        var offered = (await client.ReadAsync(path)).Data().Select(slot => slot.GetProperty("starts_at").GetString()!).ToList();
        offered.ShouldContain("2026-03-05T18:00:00Z");

        using var response = await client.Book(trade, "2026-03-05T18:00:00Z");

        await response.ShouldBe(HttpStatusCode.Created);
        var booked = await response.Content.ReadFromJsonAsync<JsonElement>(Token);
        response.Headers.Location!.ToString().ShouldBe("/api/appointments/" + booked.Id());
        booked.GetProperty("status").GetString().ShouldBe("scheduled");
        booked.GetProperty("ends_at").GetString().ShouldBe("2026-03-05T19:00:00Z");
        booked.GetProperty("source").GetString().ShouldBe("api");
        booked.GetProperty("resource").Id().ShouldBe(trade.ResourceIds[0]);
        (await client.ReadAsync("/api/appointments/" + booked.Id())).GetRawText().ShouldBe(booked.GetRawText());
        (await client.ReadAsync("/api/appointments?status=scheduled&from_date=2026-03-05&to_date=2026-03-05")).Data().ShouldHaveSingleItem().Id().ShouldBe(booked.Id());
        (await client.ReadAsync("/api/appointments?from_date=2026-03-06")).Total().ShouldBe(0);
        // 15 minutes of travel take the hour after it too, and those of the one before would end too late.
        (await client.ReadAsync(path)).Data().Select(slot => slot.GetProperty("starts_at").GetString()!)
            .ShouldBe(offered.Except(["2026-03-05T17:00:00Z", "2026-03-05T18:00:00Z", "2026-03-05T19:00:00Z"]));
    }

    [Fact]
    public async Task Whoever_books_it_is_told_once_and_in_the_same_transaction()
    {
        var tenant = await app.GivenATenant();

        var booked = await app.GivenAnAppointment(tenant);

        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        var payload = await connection.QuerySingleAsync<string>(
            "select convert_from(payload, 'UTF8') from tenant_events where tenant_id = @Id and type = 'appointment.booked'", new { tenant.Id });
        payload.ShouldContain(booked.Id());
        payload.ShouldContain("\"status\":\"scheduled\"");
        (await connection.QuerySingleAsync<int>(
            "select count(*)::integer from outbox where topic = @Topic and data ->> 'tenant_id' = @Id",
            new { Topic = Topics.AppointmentChanges, Id = tenant.Id.ToString() })).ShouldBe(1);
    }

    [Fact]
    public async Task Of_two_hundred_clients_as_many_get_a_slot_as_there_are_and_the_others_hear_what_is_free()
    {
        var tenant = await app.GivenATenant();
        var trade = await app.GivenATrade(tenant, technicians: 3);
        using var client = app.ClientFor(tenant);

        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(number => client.Book(trade, $"2026-03-05T{18 + (number % 2 * 2)}:00:00Z")));

        answers.Count(answer => answer.StatusCode == HttpStatusCode.Created).ShouldBe(6);
        foreach (var refused in answers.Where(answer => answer.StatusCode != HttpStatusCode.Created))
        {
            var body = await refused.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
            body.GetProperty("alternatives").GetArrayLength().ShouldBe(5);
        }
        (await client.ReadAsync("/api/appointments")).Total().ShouldBe(6);
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        (await connection.QuerySingleAsync<int>("select count(*)::integer from tenant_events where tenant_id = @Id", new { tenant.Id })).ShouldBe(6);
    }

    [Theory]
    [InlineData("2026-03-04T11:00:00Z", HttpStatusCode.BadRequest, "invalid_parameter")]
    [InlineData("2026-03-05", HttpStatusCode.BadRequest, "invalid_parameter")]
    [InlineData("2026-03-05T08:00:00Z", HttpStatusCode.Conflict, "conflict")]
    public async Task What_is_past_no_instant_or_outside_hours_is_refused(string startsAt, HttpStatusCode status, string error)
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);

        using var response = await client.Book(await app.GivenATrade(tenant), startsAt);

        await response.ShouldBeProblem(status, error);
    }

    [Fact]
    public async Task Another_tenants_service_and_technician_are_nobodys()
    {
        var (owner, stranger) = (await app.GivenATenant(), await app.GivenATenant());
        var (theirs, own) = (await app.GivenATrade(owner), await app.GivenATrade(stranger));
        using var client = app.ClientFor(stranger);

        using var byService = await client.Book(theirs, "2026-03-05T18:00:00Z");
        using var byResource = await client.Book(own, "2026-03-05T18:00:00Z", theirs.ResourceIds[0]);

        await byService.ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        await byResource.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
        using var offered = await client.GetAsync($"/api/availability?service_id={theirs.ServiceId}", Token);
        await offered.ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
    }

    [Fact]
    public async Task What_is_said_of_the_customer_is_kept()
    {
        var tenant = await app.GivenATenant();
        var trade = await app.GivenATrade(tenant);
        using var client = app.ClientFor(tenant);
        using var member = await app.SignedIn(await app.GivenAMember((tenant, "member")));

        var byKey = await BookAsync(client, trade, """ "starts_at":"2026-03-05T18:00:00Z","customer":{"name":" Dana Whitfield ","phone_number":"+15035550142","address":"12 Alder Court"},"notes":"Gate code 7" """);
        var byMember = await BookAsync(member, trade, """ "starts_at":"2026-03-06T18:00:00Z","customer":{"name":"Sam Ortiz","phone_number":"+15035550143"}""");

        byKey.GetProperty("customer").GetRawText().ShouldBe("""{"name":"Dana Whitfield","phone_number":"+15035550142","address":"12 Alder Court"}""");
        byKey.GetProperty("notes").GetString().ShouldBe("Gate code 7");
        byKey.GetProperty("source").GetString().ShouldBe("api");
        byMember.GetProperty("customer").GetRawText().ShouldBe("""{"name":"Sam Ortiz","phone_number":"+15035550143","address":null}""");
        byMember.GetProperty("notes").ValueKind.ShouldBe(JsonValueKind.Null);
        byMember.GetProperty("source").GetString().ShouldBe("dashboard");
        byMember.GetProperty("service").Id().ShouldBe(trade.ServiceId);
    }

    [Fact]
    public async Task Who_is_to_come_can_be_said_and_else_it_is_whoever_is_free()
    {
        var tenant = await app.GivenATenant();
        var trade = await app.GivenATrade(tenant, technicians: 2);
        using var client = app.ClientFor(tenant);

        using var named = await client.Book(trade, "2026-03-05T18:00:00Z", trade.ResourceIds[1]);
        using var again = await client.Book(trade, "2026-03-05T18:00:00Z", trade.ResourceIds[1]);
        using var other = await client.Book(trade, "2026-03-05T18:00:00Z");
        using var nobody = await client.Book(trade, "2026-03-05T18:00:00Z");

        (await named.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("resource").Id().ShouldBe(trade.ResourceIds[1]);
        var alternatives = (await again.ShouldBeProblem(HttpStatusCode.Conflict, "conflict")).GetProperty("alternatives").EnumerateArray();
        alternatives.ShouldAllBe(slot => slot.GetProperty("resource_id").GetString() == trade.ResourceIds[1]);
        (await other.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("resource").Id().ShouldBe(trade.ResourceIds[0]);
        await nobody.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
    }

    [Theory]
    [InlineData("""{"starts_at":"2026-03-05T18:00:00Z","customer":{"name":"Dana","phone_number":"+15035550142"}}""", "service_id")]
    [InlineData("""{"service_id":"repair","starts_at":"2026-03-05T18:00:00Z","customer":{"name":"Dana","phone_number":"+15035550142"}}""", "service_id")]
    [InlineData("""{"service_id":"{id}","customer":{"name":"Dana","phone_number":"+15035550142"}}""", "starts_at")]
    [InlineData("""{"service_id":"{id}","starts_at":"2026-03-05T18:00:00Z","resource_id":"sam","customer":{"name":"Dana","phone_number":"+15035550142"}}""", "resource_id")]
    [InlineData("""{"service_id":"{id}","starts_at":"2026-03-05T18:00:00Z"}""", "customer")]
    [InlineData("""{"service_id":"{id}","starts_at":"2026-03-05T18:00:00Z","customer":{"name":" ","phone_number":"+15035550142"}}""", "customer.name")]
    [InlineData("""{"service_id":"{id}","starts_at":"2026-03-05T18:00:00Z","customer":{"name":"Dana","phone_number":"503 555 0142"}}""", "customer.phone_number")]
    [InlineData("""{"service_id":"{id}","starts_at":"2026-03-05T18:00:00Z","customer":{"name":"Dana","phone_number":"+15035550142","address":"a\u0000b"}}""", "customer.address")]
    [InlineData("""{"service_id":"{id}","starts_at":"2026-03-05T18:00:00Z","customer":{"name":"Dana","phone_number":"+15035550142"},"notes":"a\u0000b"}""", "notes")]
    [InlineData("""{"service_id":"{id}","starts_at":"2026-03-05T18:00:00Z","customer":{"name":"Dana","phone_number":"+15035550142"},"status":"held"}""", "status")]
    public async Task A_wish_that_cannot_be_meant_is_refused_by_name(string wish, string parameter)
    {
        var tenant = await app.GivenATenant();
        var trade = await app.GivenATrade(tenant);
        using var content = new StringContent(wish.Replace("{id}", trade.ServiceId, StringComparison.Ordinal), Encoding.UTF8, "application/json");

        using var response = await app.ClientFor(tenant).PostAsync("/api/appointments", content, Token);

        await response.ShouldBeInvalid(parameter);
    }

    private static async Task<JsonElement> BookAsync(HttpClient client, Trade trade, string rest)
    {
        using var content = new StringContent($$"""{"service_id":"{{trade.ServiceId}}",{{rest}}}""", Encoding.UTF8, "application/json");
        using var response = await client.PostAsync("/api/appointments", content, Token);
        await response.ShouldBe(HttpStatusCode.Created);
        return await response.Content.ReadFromJsonAsync<JsonElement>(Token);
    }
}
