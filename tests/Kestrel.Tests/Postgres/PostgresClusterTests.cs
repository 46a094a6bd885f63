using System.Diagnostics;
using KestrelVoice.Cli;
using KestrelVoice.Cli.Postgres;
using KestrelVoice.Cli.Processes;
using Npgsql;

namespace KestrelVoice.Kestrel.Tests.Postgres;

public sealed class PostgresClusterTests : IDisposable
{
    private readonly TempFolder folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_new_folder_becomes_a_server_that_takes_connections()
    {
        await using var cluster = await PostgresCluster.StartAsync(Here(), Token);

        (await AskAsync(cluster, "select current_setting('server_version_num')::int / 10000")).ShouldBe(cluster.MajorVersion);
        (await AskAsync(cluster, "select current_setting('port')::int")).ShouldBe(cluster.Port);
        (await AskAsync(cluster, "select current_setting('listen_addresses')")).ShouldBe("127.0.0.1");
        ProcessIdentity.Of(cluster.ProcessId).ShouldNotBeNull();
    }

    [Fact]
    public async Task Only_the_password_of_this_folder_opens_it()
    {
        await using var cluster = await PostgresCluster.StartAsync(Here(), Token);
        var guess = new NpgsqlConnectionStringBuilder(cluster.AdminConnectionString) { Password = "postgres", Pooling = false };

        await using var source = NpgsqlDataSource.Create(guess);
        var refused = await Should.ThrowAsync<PostgresException>(async () => await source.OpenConnectionAsync(Token));

        refused.SqlState.ShouldBe(PostgresErrorCodes.InvalidPassword);
    }

    [Fact]
    public async Task The_server_never_runs_as_root()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reads /proc");
        await using var cluster = await PostgresCluster.StartAsync(Here(), Token);

        var owner = (await File.ReadAllLinesAsync($"/proc/{cluster.ProcessId}/status", Token)).Single(line => line.StartsWith("Uid:", StringComparison.Ordinal));

        owner.Split('\t')[1..].ShouldAllBe(id => id != "0");
    }

    [Fact]
    public async Task A_stopped_server_is_gone_and_its_data_is_there_next_time()
    {
        int stopped;
        await using (var first = await PostgresCluster.StartAsync(Here(), Token))
        {
            await AskAsync(first, "create table kept as select 42 as answer");
            stopped = first.ProcessId;
        }

        ProcessIdentity.Of(stopped).ShouldBeNull();
        await using var second = await PostgresCluster.StartAsync(Here(), Token);
        (await AskAsync(second, "select answer from kept")).ShouldBe(42);
    }

    [Fact]
    public async Task What_was_committed_survives_kill_9_of_the_server()
    {
        await using var first = await PostgresCluster.StartAsync(Here() with { Durable = true }, Token);
        await AskAsync(first, "create table kept as select 42 as answer");
        using (var server = Process.GetProcessById(first.ProcessId))
            server.Kill();

        await using var second = await PostgresCluster.StartAsync(Here() with { Durable = true, TakeOver = true }, Token);

        (await AskAsync(second, "select answer from kept")).ShouldBe(42);
        second.ProcessId.ShouldNotBe(first.ProcessId);
    }

    [Fact]
    public async Task A_pid_file_that_names_another_program_does_not_block_the_start()
    {
        await using (await PostgresCluster.StartAsync(Here(), Token))
        {
        }

        var pidFile = Path.Combine(DataFolder(), "postmaster.pid");
        await File.WriteAllTextAsync(pidFile, $"{Environment.ProcessId}\n{DataFolder()}\n0\n5432\n\n127.0.0.1\n         0         0\nready\n", Token);

        await using var cluster = await PostgresCluster.StartAsync(Here(), Token);
        (await AskAsync(cluster, "select 1")).ShouldBe(1);
    }

    [Fact]
    public async Task A_second_server_on_the_same_folder_is_refused_and_the_first_goes_on()
    {
        await using var first = await PostgresCluster.StartAsync(Here(), Token);

        var refused = await Should.ThrowAsync<KestrelException>(async () => await PostgresCluster.StartAsync(Here(), Token));

        refused.Message.ShouldContain($"process {first.ProcessId}");
        (await AskAsync(first, "select 1")).ShouldBe(1);
    }

    [Fact]
    public async Task A_server_that_a_killed_owner_left_is_found_and_stopped()
    {
        await using var left = await PostgresCluster.StartAsync(Here(), Token);

        (await PostgresCluster.StopLeftoverAsync(Here().Directory, Token)).ShouldBeTrue();

        ProcessIdentity.Of(left.ProcessId).ShouldBeNull();
        (await PostgresCluster.StopLeftoverAsync(Here().Directory, Token)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_first_run_that_was_interrupted_is_begun_again()
    {
        var unfinished = Path.Combine(Here().Directory, "data.unfinished");
        Directory.CreateDirectory(unfinished);
        await File.WriteAllTextAsync(Path.Combine(unfinished, "PG_VERSION"), "15", Token);

        await using var cluster = await PostgresCluster.StartAsync(Here(), Token);

        (await AskAsync(cluster, "select 1")).ShouldBe(1);
        Directory.Exists(unfinished).ShouldBeFalse();
    }

    [Fact]
    public async Task Rows_do_not_appear_in_the_log_of_the_server()
    {
        await using var cluster = await PostgresCluster.StartAsync(Here(), Token);
        await AskAsync(cluster, "create table callers (number text primary key); insert into callers values ('+15035550100')");

        await Should.ThrowAsync<PostgresException>(async () => await AskAsync(cluster, "insert into callers values ('+15035550100')"));

        var log = await File.ReadAllTextAsync(cluster.LogFile, Token);
        log.ShouldContain("duplicate key");
        log.ShouldNotContain("15035550100");
    }

    [Fact]
    public async Task A_folder_that_the_server_account_cannot_reach_is_moved_and_linked()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only root runs the server as another user");
        using var hidden = new TempFolder(reachable: false);
        var options = new PostgresClusterOptions(hidden["postgres"]) { Durable = false, DeleteOnDispose = true };

        string target;
        await using (var cluster = await PostgresCluster.StartAsync(options, Token))
        {
            target = new DirectoryInfo(options.Directory).LinkTarget.ShouldNotBeNull();
            (await AskAsync(cluster, "select 1")).ShouldBe(1);
        }

        Directory.Exists(target).ShouldBeFalse();
        Directory.Exists(options.Directory).ShouldBeFalse();
    }

    [Fact]
    public async Task Where_the_link_was_removed_the_data_it_led_to_does_not_come_back()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only root runs the server as another user");
        using var hidden = new TempFolder(reachable: false);
        var options = new PostgresClusterOptions(hidden["postgres"]) { Durable = false };
        await using (var first = await PostgresCluster.StartAsync(options, Token))
            await AskAsync(first, "create table kept as select 42 as answer");
        File.Delete(options.Directory);

        await using var second = await PostgresCluster.StartAsync(options with { DeleteOnDispose = true }, Token);

        (await AskAsync(second, "select count(*) from pg_tables where tablename = 'kept'")).ShouldBe(0L);
    }

    public void Dispose() => folder.Dispose();

    private PostgresClusterOptions Here() => new(folder["postgres"]) { Durable = false };

    private string DataFolder() => Path.Combine(Here().Directory, "data");

    private static async Task<object?> AskAsync(PostgresCluster cluster, string sql)
    {
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(cluster.AdminConnectionString) { Pooling = false });
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync(Token);
    }
}
