using Dapper;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests.Calls;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace KestrelVoice.Features.Tests.Kernel;

public sealed class TenantDatabaseTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_a_tenant_there_are_no_rows_and_no_error()
    {
        await GivenOneCall(1);
        await using var source = NpgsqlDataSource.Create(app.Database.App);
        await using var connection = await source.OpenConnectionAsync(Token);

        foreach (var table in new[] { "tenants", "phone_numbers", "call_logs", "call_events", "call_counts" })
            (await connection.QuerySingleAsync<long>($"select count(*) from {table}")).ShouldBe(0, table);
    }

    [Fact]
    public async Task What_is_abandoned_in_the_middle_leaves_nothing_on_its_connection()
    {
        var tenant = await GivenOneCall(4);
        await using var source = NpgsqlDataSource.Create(app.Database.App + ";Maximum Pool Size=1;No Reset On Close=true");
        var database = new TenantDatabase(source);

        await using (var abandoned = await database.BeginAsync(tenant.Id, Token))
            (await abandoned.QuerySingleOrDefaultAsync<long>("select count(*) from call_logs", null, Token)).ShouldBe(1);
        (await SeenAsync()).ShouldBe(0);
        await using (var failed = await database.BeginAsync(tenant.Id, Token))
            await Should.ThrowAsync<PostgresException>(() => failed.ExecuteAsync("select 1 / 0", null, Token));
        (await SeenAsync()).ShouldBe(0);
        await Should.ThrowAsync<PostgresException>(() => database.ReadAsync(
            tenant.Id, "select 1 / 0", null, async rows => await rows.ReadSingleAsync<int>(), Token));
        (await SeenAsync()).ShouldBe(0);

        async Task<long> SeenAsync()
        {
            await using var connection = await source.OpenConnectionAsync(Token);
            return await connection.QuerySingleAsync<long>("select count(*) from call_logs");
        }
    }

    [Fact]
    public async Task One_connection_serves_tenants_in_turn_and_keeps_nothing_of_them()
    {
        var first = await GivenOneCall(2);
        var second = await GivenOneCall(3);
        await using var source = NpgsqlDataSource.Create(app.Database.App + ";Maximum Pool Size=1;No Reset On Close=true;Max Auto Prepare=20;Auto Prepare Min Usages=1");
        var database = new TenantDatabase(source);

        for (var round = 0; round < 5; round++)
        {
            foreach (var tenant in new[] { first, second })
                (await database.ReadAsync(
                    tenant.Id, "select tenant_id from call_logs", null, async rows => (await rows.ReadAsync<Guid>()).ToList(), Token))
                    .ShouldHaveSingleItem().ShouldBe(tenant.Id);

            await using var connection = await source.OpenConnectionAsync(Token);
            (await connection.QuerySingleAsync<long>("select count(*) from call_logs")).ShouldBe(0);
        }
    }

    [Fact]
    public async Task A_row_cannot_be_written_into_another_tenant()
    {
        var mine = await app.GivenATenant();
        var theirs = await app.GivenATenant();
        await using var source = NpgsqlDataSource.Create(app.Database.App);
        await using var transaction = await new TenantDatabase(source).BeginAsync(mine.Id, Token);

        var refused = await Should.ThrowAsync<PostgresException>(() => transaction.ExecuteAsync(
            """
            insert into call_logs (tenant_id, id, call_sid, phone_number, dialed_number, direction, status, emergency, duration, created_at)
            values (@Theirs, @Theirs, 'CA', '', '', 'inbound', 'in-progress', false, 0, now())
            """, new { Theirs = theirs.Id }, Token));

        refused.SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    [Fact]
    public async Task The_defaults_are_the_measured_ones_and_the_connection_string_wins()
    {
        app.StartServer();
        var source = app.Services.GetRequiredService<NpgsqlDataSource>();
        var settings = new NpgsqlConnectionStringBuilder(source.ConnectionString);
        await using var command = source.CreateCommand("show plan_cache_mode");

        settings.MaxPoolSize.ShouldBe(8);
        settings.MaxAutoPrepare.ShouldBeGreaterThan(0);
        settings.NoResetOnClose.ShouldBeTrue();
        (await command.ExecuteScalarAsync(Token)).ShouldBe("force_generic_plan");
        await using var compiles = source.CreateCommand("show jit");
        (await compiles.ExecuteScalarAsync(Token)).ShouldBe("off");
    }

    private async Task<TestTenant> GivenOneCall(int number)
    {
        var tenant = await app.GivenATenant();
        await app.GivenACall(new PhoneCall(tenant, number, KestrelVoiceApp.Noon).Started());
        return tenant;
    }
}
