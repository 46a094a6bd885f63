using KestrelVoice.Features.Identity.Credentials;
using KestrelVoice.Features.Identity.Embedded;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace KestrelVoice.Features.Tests.Identity;

public sealed class VerificationKeysTests : IDisposable
{
    private readonly FakeTimeProvider clock = new(KestrelVoiceApp.Noon);
    private readonly SigningKey first = SigningKey.Create();
    private readonly SigningKey second = SigningKey.Create();
    private readonly VerificationKeys keys;
    private Func<Task<string>> answer;
    private int loads;

    public VerificationKeysTests()
    {
        answer = () => Task.FromResult(Set(first));
        keys = new VerificationKeys(_ => { Interlocked.Increment(ref loads); return answer(); }, clock, NullLogger<VerificationKeys>.Instance);
    }

    public void Dispose()
    {
        keys.Dispose();
        first.Dispose();
        second.Dispose();
    }

    [Fact]
    public async Task Known_keys_are_loaded_once_in_ten_minutes()
    {
        for (var i = 0; i < 5; i++)
            (await Find(first)).ShouldBeTrue();
        loads.ShouldBe(1);

        clock.Advance(VerificationKeys.Fresh);
        await Find(first);
        loads.ShouldBe(2);
    }

    [Fact]
    public async Task An_unknown_key_forces_one_reload_and_then_none_for_a_while()
    {
        await Find(first);
        clock.Advance(VerificationKeys.BetweenForced);
        answer = () => Task.FromResult(Set(first, second));

        (await Find(second)).ShouldBeTrue();
        loads.ShouldBe(2);

        for (var i = 0; i < 100; i++)
            (await keys.FindAsync($"made up {i}", "ES256", TestContext.Current.CancellationToken)).ShouldBeNull();
        loads.ShouldBe(2);
    }

    [Fact]
    public async Task A_failed_reload_keeps_the_last_good_set_and_adds_nothing()
    {
        await Find(first);
        answer = () => throw new HttpRequestException("away");
        clock.Advance(VerificationKeys.Fresh);

        (await Find(first)).ShouldBeTrue();
        (await Find(second)).ShouldBeFalse();
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("not json")]
    [InlineData("")]
    public async Task An_answer_that_is_no_key_set_opens_nothing(string json)
    {
        answer = () => Task.FromResult(json);

        (await Find(first)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_withdrawn_key_is_forgotten()
    {
        await Find(first);
        var before = keys.Generation;
        answer = () => Task.FromResult(Set(second));
        clock.Advance(VerificationKeys.Fresh);

        (await Find(first)).ShouldBeFalse();
        keys.Generation.ShouldBeGreaterThan(before);
    }

    [Fact]
    public async Task Many_who_ask_at_once_cause_one_load()
    {
        var slow = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        answer = () => slow.Task;
        var asking = Enumerable.Range(0, 20).Select(_ => Find(first)).ToList();

        slow.SetResult(Set(first));

        (await Task.WhenAll(asking)).ShouldAllBe(found => found);
        loads.ShouldBe(1);
    }

    private async Task<bool> Find(SigningKey key) => await keys.FindAsync(key.Kid, "ES256", TestContext.Current.CancellationToken) is not null;

    private static string Set(params SigningKey[] keys) => $$"""{"keys":[{{string.Join(',', keys.Select(key => key.PublicJwk))}}]}""";
}
