using System.Diagnostics;
using System.Net;
using System.Runtime.Versioning;
using System.Text.Json;
using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Postgres;
using KestrelVoice.Cli.Processes;
using KestrelVoice.Cli.Up;
using Npgsql;

namespace KestrelVoice.EndToEnd.Tests;

[UnsupportedOSPlatform("windows")]
public sealed class UpTests
{
    private const int NotUp = 3;

    public UpTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "Looks for processes in /proc");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_command_starts_all_of_it_and_another_leaves_nothing()
    {
        await using var copy = new KestrelCopy();

        var up = await copy.UpAsync("--detach");

        up.ExitCode.ShouldBe(0, up.Output);
        File.GetUnixFileMode(copy.Home.DevFile).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var dev = DevFile.Read(copy.Home)!;
        dev.ApiUrl.ShouldBe($"http://localhost:{copy.Ports.Base + 80}");
        dev.VoiceUrl.ShouldBe($"http://localhost:{copy.Ports.Base + 90}");
        up.StandardOutput.ShouldContain(dev.ApiKey);
        (await CallLogsAsync(dev)).StatusCode.ShouldBe(HttpStatusCode.OK);

        var status = await copy.RunAsync("status");
        status.ExitCode.ShouldBe(0, status.Output);
        foreach (var part in new[] { "postgres", "twilio", "host", "host-sidecar", "voice", "voice-sidecar" })
            status.StandardOutput.ShouldContain(part);

        var second = await copy.UpAsync("--detach");
        second.ExitCode.ShouldBe(1);
        second.StandardOutput.ShouldContain("already up");
        second.StandardOutput.ShouldContain(dev.ApiUrl);

        var down = await copy.RunAsync("down");
        down.ExitCode.ShouldBe(0, down.Output);
        copy.Processes().ShouldBeEmpty();
        File.Exists(copy.Home.DevFile).ShouldBeFalse();
        copy.Ports.All(ownPostgres: true).ShouldAllBe(port => FreePort.IsFree(port.Port));
        (await copy.RunAsync("status")).ExitCode.ShouldBe(NotUp);
    }

    [Fact]
    public async Task A_scripted_call_reaches_the_call_log_and_stays_there_over_a_restart()
    {
        await using var copy = new KestrelCopy();
        (await copy.UpAsync("--detach")).ExitCode.ShouldBe(0);
        var before = DevFile.Read(copy.Home)!;

        var call = await copy.RunAsync("call", "--script", Path.Combine(copy.Home.Checkout, "docs", "examples", "leak.yaml"));

        call.ExitCode.ShouldBe(0, call.Output);
        (await copy.RunAsync("down")).ExitCode.ShouldBe(0);
        (await copy.UpAsync("--detach")).ExitCode.ShouldBe(0);
        DevFile.Read(copy.Home).ShouldBe(before);
        using var list = JsonDocument.Parse(await (await CallLogsAsync(before)).Content.ReadAsStringAsync(Token));
        var log = list.RootElement.GetProperty("data").EnumerateArray().ShouldHaveSingleItem();
        log.GetProperty("emergency").GetBoolean().ShouldBeTrue();

        var booking = await copy.RunAsync("call", "--script", Path.Combine(copy.Home.Checkout, "docs", "examples", "book.yaml"));
        booking.ExitCode.ShouldBe(0, booking.Output);
        booking.Output.ShouldContain("text to +15035550149: ");
    }

    [Fact]
    public async Task After_kill_9_of_the_supervisor_the_next_up_clears_away_and_starts()
    {
        await using var copy = new KestrelCopy();
        (await copy.UpAsync("--detach")).ExitCode.ShouldBe(0);
        Signals.Kill(RunRecord.Read(copy.Home)!.Supervisor);
        await Eventually(async () => (await copy.RunAsync("status")).ExitCode == NotUp);

        var up = await copy.UpAsync("--detach");

        up.ExitCode.ShouldBe(0, up.Output);
        up.StandardOutput.ShouldContain("killed");
        (await copy.RunAsync("status")).ExitCode.ShouldBe(0);
        Signals.Kill(RunRecord.Read(copy.Home)!.Supervisor);
        await Eventually(async () => (await copy.RunAsync("status")).ExitCode == NotUp);
        (await copy.RunAsync("down")).ExitCode.ShouldBe(0);
        copy.Processes().ShouldBeEmpty();
    }

    [Fact]
    public async Task In_the_foreground_SIGTERM_stops_everything_in_order()
    {
        await using var copy = new KestrelCopy();
        var request = copy.Request(["up", .. copy.UpOptions]);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var up = Subprocess.RunAsync(request, stopping.Token);
        await Eventually(() => Task.FromResult(up.IsCompleted || DevFile.Read(copy.Home) is not null));

        Signals.AskToStop(RunRecord.Read(copy.Home).ShouldNotBeNull().Supervisor);

        var ended = await up;
        ended.ExitCode.ShouldBe(0, ended.Output);
        ended.StandardOutput.ShouldContain("Stopping apps and sidecars");
        copy.Processes().ShouldBeEmpty();
    }

    [Fact]
    public async Task When_the_sidecars_die_it_says_so_and_ends_with_an_error()
    {
        await using var copy = new KestrelCopy();
        (await copy.UpAsync("--detach")).ExitCode.ShouldBe(0);
        var record = RunRecord.Read(copy.Home)!;

        Signals.Kill(record.DaprChild!);

        await Eventually(() => Task.FromResult(!record.Supervisor.IsAlive));
        (await File.ReadAllTextAsync(copy.Home.LogOf("up"), Token)).ShouldContain("sidecars");
        await Eventually(() => Task.FromResult(copy.Processes().Count == 0));
    }

    [Fact]
    public async Task PostgreSQL_is_brought_back_when_it_is_killed()
    {
        await using var copy = new KestrelCopy();
        (await copy.UpAsync("--detach")).ExitCode.ShouldBe(0);
        var dev = DevFile.Read(copy.Home)!;
        var killed = RunRecord.Read(copy.Home)!.Parts.Single(part => part.Name == RunParts.Postgres).Process!;

        Signals.Kill(killed);

        await Eventually(async () => (await copy.RunAsync("status")).ExitCode == 0 && !killed.IsAlive);
        (await CallLogsAsync(dev)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await copy.RunAsync("down")).ExitCode.ShouldBe(0);
        copy.Processes().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_database_that_is_named_is_used_by_an_administrator_who_is_no_superuser_and_left_running()
    {
        using var folder = new ReachableFolder();
        await using var cluster = await PostgresCluster.StartAsync(new(Path.Combine(folder.Path, "postgres")) { Durable = false, DeleteOnDispose = true }, Token);
        await RunSqlAsync(cluster, "create role keeper login createrole password 'p@ss:word'");
        await RunSqlAsync(cluster, "create database calls owner keeper");
        await using var copy = new KestrelCopy { DatabaseAddress = $"postgres://keeper:p%40ss%3Aword@127.0.0.1:{cluster.Port}/calls" };

        var up = await copy.UpAsync("--detach");

        up.ExitCode.ShouldBe(0, up.Output);
        up.StandardOutput.ShouldNotContain("p@ss:word");
        (await CallLogsAsync(DevFile.Read(copy.Home)!)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await copy.RunAsync("status")).ExitCode.ShouldBe(0);
        Directory.Exists(copy.Home.Postgres).ShouldBeFalse();
        (await copy.RunAsync("down")).ExitCode.ShouldBe(0);
        copy.Processes().ShouldBeEmpty();
        await RunSqlAsync(cluster, "select 1");
    }

    [Fact]
    public async Task A_port_in_use_is_named_and_nothing_is_started()
    {
        await using var copy = new KestrelCopy();
        using var other = new System.Net.Sockets.TcpListener(IPAddress.Loopback, copy.Ports.Voice);
        other.Start();

        var up = await copy.UpAsync("--detach");

        up.ExitCode.ShouldBe(1);
        up.StandardOutput.ShouldContain($"{copy.Ports.Voice} (the voice app)");
        up.StandardOutput.ShouldContain("--port-base");
        copy.Processes().ShouldBeEmpty();
    }

    private static async Task RunSqlAsync(PostgresCluster cluster, string sql)
    {
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(cluster.AdminConnectionString) { Pooling = false });
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Token);
    }

    private static async Task<HttpResponseMessage> CallLogsAsync(DevFile dev)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{dev.ApiUrl}/api/call-logs");
        request.Headers.Add("X-API-Key", dev.ApiKey);
        return await client.SendAsync(request, Token);
    }

    private static async Task Eventually(Func<Task<bool>> condition)
    {
        var began = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Stopwatch.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromMinutes(2));
            await Task.Delay(TimeSpan.FromMilliseconds(100), Token);
        }
    }
}
