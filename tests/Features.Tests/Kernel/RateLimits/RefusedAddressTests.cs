using System.Net;

namespace KestrelVoice.Features.Tests.Kernel.RateLimits;

public sealed class RefusedAddressTests : IClassFixture<KestrelVoiceApp>
{
    private const int Allowed = 4;
    private readonly KestrelVoiceApp app;

    public RefusedAddressTests(KestrelVoiceApp app)
    {
        this.app = app;
        app.Settings["RateLimits:RefusedPerAddress"] = $"{Allowed}";
        app.Settings["KnownProxies:0"] = "127.0.0.0/8";
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_address_that_tries_keys_is_not_heard_for_the_rest_of_the_minute_and_no_other_suffers()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        using var guesser = app.Stranger();
        for (var guess = 0; guess < Allowed; guess++)
        {
            using var answer = await Ask(guesser, "203.0.113.7", "kv_live_00000000_wrong");
            await answer.ShouldBeProblem(HttpStatusCode.Unauthorized, "unauthorized");
        }

        using var refused = await Ask(client, "203.0.113.7");
        await refused.ShouldBeProblem(HttpStatusCode.TooManyRequests, "rate_limited");
        using var other = await Ask(client, "203.0.113.8");
        await other.ShouldBe(HttpStatusCode.OK);

        app.Clock.Advance(refused.Headers.RetryAfter!.Delta!.Value);
        using var again = await Ask(client, "203.0.113.7");
        await again.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_IPv6_network_counts_as_one_address()
    {
        using var guesser = app.Stranger();
        for (var guess = 1; guess <= Allowed; guess++)
            (await Ask(guesser, $"2001:db8:7:7::{guess}")).Dispose();

        using var refused = await Ask(guesser, "2001:db8:7:7:ffff::1");
        await refused.ShouldBeProblem(HttpStatusCode.TooManyRequests, "rate_limited");
        using var neighbour = await Ask(guesser, "2001:db8:7:8::1");
        await neighbour.ShouldBeProblem(HttpStatusCode.Unauthorized, "unauthorized");
    }

    private static async Task<HttpResponseMessage> Ask(HttpClient client, string from, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/call-logs") { Headers = { { "X-Forwarded-For", from } } };
        if (key is not null)
            request.Headers.Add("X-API-Key", key);
        return await client.SendAsync(request, Stop);
    }
}
