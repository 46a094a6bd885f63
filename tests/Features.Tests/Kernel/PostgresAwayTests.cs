using System.Net;
using System.Net.Sockets;
using KestrelVoice.Features.Tests.Calls;
using Npgsql;

namespace KestrelVoice.Features.Tests.Kernel;

public sealed class PostgresAwayTests : IClassFixture<KestrelVoiceApp>, IDisposable
{
    private readonly KestrelVoiceApp app;
    private readonly TcpListener nobody = new(IPAddress.Loopback, 0);

    public PostgresAwayTests(KestrelVoiceApp app)
    {
        this.app = app;
        // Bound and never listening: a port at which connections are refused, and which nobody else takes.
        nobody.Server.Bind(nobody.LocalEndpoint);
        app.Settings["ConnectionStrings:Kestrel"] = new NpgsqlConnectionStringBuilder(app.Database.App)
        {
            Port = ((IPEndPoint)nobody.Server.LocalEndPoint!).Port,
        }.ConnectionString;
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Reads_deliveries_and_lookups_answer_503_and_the_host_is_not_ready()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        using var stranger = app.Stranger();

        using var list = await client.GetAsync("/api/call-logs", Token);
        await list.ShouldBeProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
        list.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1));
        // Not a 200: the sidecar shall try again.
        await (await app.PostAsSidecar("/events/calls-dead", "{}")).ShouldBeProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
        await (await app.Deliver(new PhoneCall(tenant, 1, KestrelVoiceApp.Noon).Started())).ShouldBeProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
        (await stranger.GetAsync("/health/live", Token)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await stranger.GetAsync("/health/ready", Token)).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    public void Dispose() => nobody.Dispose();
}
