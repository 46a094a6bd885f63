using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.Idempotency;
using KestrelVoice.Features.Tests.Identity;

namespace KestrelVoice.Features.Tests.Appointments;

/// <summary>kill -9 in the middle of bookings: whoever repeats theirs under its key is booked once.</summary>
public sealed class KilledHostTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private const int Technicians = 6;
    private const int AtOnce = 16;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whatever_was_under_way_is_booked_exactly_once_when_it_is_asked_for_again()
    {
        // The process that is killed goes by the real clock.
        app.Clock.SetUtcNow(TimeProvider.System.GetUtcNow());
        var tenant = await app.GivenATenant("Etc/UTC");
        var trade = await app.GivenATrade(tenant, Technicians);
        var key = (await app.GivenAKey(tenant, Principal.Read, Principal.Write)).Text;
        var wishes = WishesFor(trade);
        var answered = new ConcurrentDictionary<string, string>();
        await using (var host = await HostProcess.StartAsync(app))
        {
            using var doomed = ClientOf(app.Stranger(), host.Address, key);
            var booking = Parallel.ForEachAsync(wishes, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = Token }, async (wish, token) =>
            {
                try
                {
                    using var response = await doomed.SendAsync(wish.Request(), token);
                    response.StatusCode.ShouldBe(HttpStatusCode.Created);
                    answered[wish.Key] = (await response.Content.ReadFromJsonAsync<JsonElement>(token)).Id();
                }
                catch (HttpRequestException)
                {
                    // Killed before it answered, or before it was asked.
                }
            });
            while (answered.Count < wishes.Count / 4 && !booking.IsCompleted)
                await Task.Delay(1, Token);
            await host.KillAsync();
            await booking;
        }
        answered.Count.ShouldBeInRange(wishes.Count / 4, wishes.Count - 1);
        var before = await BookedAsync(tenant);
        app.Clock.SetUtcNow(TimeProvider.System.GetUtcNow() + StoredAnswers.Lease + TimeSpan.FromSeconds(1));

        using var client = ClientOf(app.Stranger(), null, key);
        var replayed = 0;
        foreach (var wish in wishes)
        {
            using var response = await client.SendAsync(wish.Request(), Token);
            await response.ShouldBe(HttpStatusCode.Created);
            replayed += response.Headers.Contains("Idempotent-Replayed") ? 1 : 0;
            if (answered.TryGetValue(wish.Key, out var id))
                (await response.Content.ReadFromJsonAsync<JsonElement>(Token)).Id().ShouldBe(id);
        }

        // Whatever was committed has its answer, also where nobody lived to give it.
        replayed.ShouldBe(before);
        (await BookedAsync(tenant)).ShouldBe(wishes.Count);
        (await client.ReadAsync("/api/appointments?status=scheduled")).Total().ShouldBe(wishes.Count);
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        (await connection.QuerySingleAsync<int>(
            "select count(*)::integer from tenant_events where tenant_id = @Id and type = 'appointment.booked'", new { tenant.Id })).ShouldBe(wishes.Count);
    }

    // No two of them in each other's way: whoever is booked twice would show.
    private List<Wish> WishesFor(Trade trade) =>
    [
        .. from day in Enumerable.Range(3, 10)
           from hour in new[] { 8, 10, 12, 14 }
           from resource in trade.ResourceIds
           let startsAt = app.Clock.GetUtcNow().UtcDateTime.Date.AddDays(day).AddHours(hour).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)
           select new Wish($"{resource} {startsAt}", trade.ServiceId, resource, startsAt),
    ];

    private static HttpClient ClientOf(HttpClient client, Uri? address, string key)
    {
        client.BaseAddress = address ?? client.BaseAddress;
        client.DefaultRequestHeaders.Add("X-API-Key", key);
        return client;
    }

    private async Task<int> BookedAsync(TestTenant tenant)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        return await connection.QuerySingleAsync<int>("select count(*)::integer from appointments where tenant_id = @Id", new { tenant.Id });
    }

    private sealed record Wish(string Key, string ServiceId, string ResourceId, string StartsAt)
    {
        public HttpRequestMessage Request() => new(HttpMethod.Post, "/api/appointments")
        {
            Headers = { { "Idempotency-Key", Key } },
            Content = JsonContent.Create(new
            {
                service_id = ServiceId,
                starts_at = StartsAt,
                resource_id = ResourceId,
                customer = new { name = "Dana Whitfield", phone_number = "+15035550142" },
            }),
        };
    }
}
