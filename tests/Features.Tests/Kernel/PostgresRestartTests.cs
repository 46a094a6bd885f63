using System.Net;
using Dapper;

namespace KestrelVoice.Features.Tests.Kernel;

public sealed class PostgresRestartTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    [Fact]
    public async Task A_read_survives_the_loss_of_its_pooled_connection()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await client.ReadAsync("/api/call-logs");
        await using var owner = await app.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);

        for (var round = 0; round < 5; round++)
        {
            await owner.ExecuteAsync(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");

            await (await client.GetAsync("/api/call-logs", TestContext.Current.CancellationToken)).ShouldBe(HttpStatusCode.OK);
        }
    }

    [Fact]
    public async Task The_host_is_ready_while_Postgres_answers()
    {
        using var client = app.Stranger();

        (await client.GetAsync("/health/ready", TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }
}
