using KestrelVoice.Features.Kernel;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace KestrelVoice.Features.Tests.Kernel;

public sealed class MigrationsTests(TestCluster cluster)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Scripts_have_numbers_of_their_own()
    {
        var numbers = Migrations.Scripts.Select(script => script.Name[..4]).ToList();

        numbers.ShouldContain("0001");
        numbers.ShouldBeUnique();
        numbers.ShouldBe(numbers.Order());
    }

    [Fact]
    public async Task Migrating_again_changes_nothing()
    {
        var database = await cluster.CreateDatabaseAsync(Token);

        await MigrateAsync(database);
        await MigrateAsync(database);

        (await ScalarAsync(database, "select count(*) from schemaversions")).ShouldBe(Migrations.Scripts.Count);
    }

    [Fact]
    public async Task Several_databases_of_one_cluster_migrate_at_once()
    {
        var databases = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => cluster.CreateEmptyDatabaseAsync(Token)));

        await Task.WhenAll(databases.Concat(databases).Select(MigrateAsync));

        foreach (var database in databases)
            (await ScalarAsync(database, "select count(*) from call_logs")).ShouldBe(0);
    }

    [Fact]
    public async Task The_owner_need_not_be_a_superuser()
    {
        var database = await cluster.CreateEmptyDatabaseAsync(Token);
        var owner = new NpgsqlConnectionStringBuilder(database.Owner) { Username = "plain_owner", Password = "plain" };
        await using (var source = NpgsqlDataSource.Create(database.Owner))
        {
            // Roles that exist already may be handed on only by somebody who was given them to hand on.
            await using var command = source.CreateCommand(
                $"""
                create role plain_owner login password 'plain' createrole;
                grant kestrel_app, kestrel_resolver to plain_owner with admin option;
                alter database {database.Name} owner to plain_owner;
                """);
            await command.ExecuteNonQueryAsync(Token);
        }
        var app = new NpgsqlConnectionStringBuilder(database.App) { Username = "plain_app" };

        await Migrations.RunAsync(owner.ConnectionString, app.ConnectionString, NullLogger.Instance, Token);

        (await ScalarAsync(database with { Owner = app.ConnectionString }, "select count(*) from call_logs")).ShouldBe(0);
    }

    private static Task MigrateAsync(TestDatabase database) =>
        Migrations.RunAsync(database.Owner, database.App, NullLogger.Instance, Token);

    private static async Task<long> ScalarAsync(TestDatabase database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database.Owner);
        await using var command = source.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(Token))!;
    }
}
