using System.Text.Json;
using KestrelVoice.Features.Identity.Embedded;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.Secrets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace KestrelVoice.Features.Tests.Identity;

public sealed class SigningKeysTests(TestCluster cluster) : IAsyncLifetime
{
    private readonly FakeTimeProvider clock = new(KestrelVoiceApp.Noon);
    private readonly List<SigningKeys> opened = [];
    private NpgsqlDataSource? database;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var own = await cluster.CreateDatabaseAsync(Stop);
        database = TenantDatabase.Open(new ConfigurationBuilder()
            .AddInMemoryCollection([new("ConnectionStrings:Kestrel", own.App)])
            .Build());
    }

    public async ValueTask DisposeAsync()
    {
        opened.ForEach(keys => keys.Dispose());
        await database!.DisposeAsync();
    }

    [Fact]
    public async Task Hosts_that_start_together_agree_on_one_key()
    {
        var hosts = Enumerable.Range(0, 6).Select(_ => Host()).ToList();

        var kids = await Task.WhenAll(hosts.Select(async host => (await host.CurrentAsync(Stop)).Kid));

        kids.Distinct().ShouldHaveSingleItem();
        (await Published(Host())).ShouldBe([kids[0]]);
    }

    [Fact]
    public async Task A_restart_signs_with_the_same_key()
    {
        var before = (await Host().CurrentAsync(Stop)).Kid;

        (await Host().CurrentAsync(Stop)).Kid.ShouldBe(before);
    }

    [Fact]
    public async Task The_private_half_is_sealed_in_the_database()
    {
        var kid = (await Host().CurrentAsync(Stop)).Kid;

        await using var command = database!.CreateCommand("select private_key from identity.signing_keys where kid = $1");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = kid });
        (await command.ExecuteScalarAsync(Stop)).ShouldBeOfType<string>().ShouldStartWith("v1.test.");
    }

    [Fact]
    public async Task A_new_key_is_announced_before_it_signs_and_the_old_one_outlives_its_tokens()
    {
        var host = Host();
        var first = (await host.CurrentAsync(Stop)).Kid;
        await host.RotateWhenDueAsync(Stop);
        (await Published(Host())).ShouldBe([first]);

        clock.Advance(SigningKeys.UsedFor);
        await host.RotateWhenDueAsync(Stop);
        await host.RotateWhenDueAsync(Stop);
        var announced = await Published(Host());
        announced.Count.ShouldBe(2);
        (await Host().CurrentAsync(Stop)).Kid.ShouldBe(first);

        clock.Advance(SigningKeys.Announced);
        var second = (await host.CurrentAsync(Stop)).Kid;
        second.ShouldNotBe(first);
        announced.ShouldContain(second);
        await host.RotateWhenDueAsync(Stop);
        (await Published(Host())).ShouldBe([second, first]);

        clock.Advance(AccessTokenWriter.Lifetime + TimeSpan.FromMinutes(15));
        await host.RotateWhenDueAsync(Stop);
        (await Published(Host())).ShouldBe([second]);
    }

    [Fact]
    public async Task When_the_encryption_key_is_lost_a_new_key_signs_and_old_tokens_still_verify()
    {
        var lost = (await Host().CurrentAsync(Stop)).Kid;
        clock.Advance(TimeSpan.FromMinutes(1));

        var replacement = (await Host("other").CurrentAsync(Stop)).Kid;

        replacement.ShouldNotBe(lost);
        (await Published(Host("other"))).ShouldBe([replacement, lost]);
    }

    private SigningKeys Host(string encryptionKid = "test")
    {
        var envelope = new Envelope(new KeyRing([encryptionKid + ":" + Convert.ToBase64String(new byte[32])]));
        var keys = new SigningKeys(database!, envelope, clock, NullLogger<SigningKeys>.Instance);
        opened.Add(keys);
        return keys;
    }

    private static async Task<IReadOnlyList<string?>> Published(SigningKeys keys)
    {
        using var set = JsonDocument.Parse(await keys.PublishedAsync(Stop));
        return [.. set.RootElement.GetProperty("keys").EnumerateArray().Select(key => key.GetProperty("kid").GetString())];
    }
}
