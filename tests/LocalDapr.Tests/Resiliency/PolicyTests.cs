using KestrelVoice.LocalDapr.Resiliency;
using KestrelVoice.LocalDapr.Resources;
using Microsoft.Extensions.Time.Testing;

namespace KestrelVoice.LocalDapr.Tests.Resiliency;

public sealed class PolicyTests : IDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly string _file = Path.GetTempFileName();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData(503, 3)]
    [InlineData(429, 3)]
    [InlineData(500, 1)]
    [InlineData(null, 3)]
    public async Task Matching_narrows_retries_to_the_codes_it_lists(int? code, int attempts)
    {
        var policy = Read("policies: { retries: { r: { policy: constant, duration: 1s, maxRetries: 2, matching: { httpStatusCodes: '429,502-504' } } } }, targets: { apps: { a: { retry: r } } }").ForApp("a");

        var (_, attempted) = await FailAsync(policy, code);

        attempted.ShouldBe(attempts);
    }

    [Fact]
    public async Task A_timeout_is_for_one_attempt_and_counts_as_a_failure()
    {
        var policy = Read("policies: { timeouts: { t: 3s }, retries: { r: { policy: constant, duration: 1s, maxRetries: 1 } } }, targets: { apps: { a: { timeout: t, retry: r } } }").ForApp("a");
        var attempts = 0;

        var running = policy.RunAsync<bool>(
            async token =>
            {
                attempts++;
                await Task.Delay(Timeout.InfiniteTimeSpan, _clock, token);
                return Attempt<bool>.Success(true);
            },
            Cancel);
        var attempt = await AdvanceUntilDoneAsync(running);

        attempts.ShouldBe(2);
        attempt.Failed.ShouldBeTrue();
        attempt.Reason.ShouldNotBeNull().ShouldContain("timed out");
    }

    [Fact]
    public async Task A_circuit_opens_ends_the_retries_and_lets_one_probe_through_later()
    {
        var policy = Read(
            """
            policies:
              retries: { r: { policy: constant, duration: 1s, maxRetries: 9 } }
              circuitBreakers: { c: { maxRequests: 1, timeout: 1h, trip: 'consecutiveFailures >= 3' } }
            targets: { apps: { a: { retry: r, circuitBreaker: c } } }
            """).ForApp("a");

        var (attempt, attempted) = await FailAsync(policy);
        attempted.ShouldBe(3);
        attempt.Reason.ShouldBe("circuit breaker is open");

        var (_, whileOpen) = await FailAsync(policy);
        whileOpen.ShouldBe(0);

        _clock.Advance(TimeSpan.FromHours(1));
        var probed = await policy.RunAsync(_ => Task.FromResult(Attempt<bool>.Success(true)), Cancel);
        var closed = await policy.RunAsync(_ => Task.FromResult(Attempt<bool>.Success(true)), Cancel);
        probed.Failed.ShouldBeFalse();
        closed.Failed.ShouldBeFalse();
    }

    [Fact]
    public async Task A_failed_probe_opens_the_circuit_again()
    {
        var policy = Read("policies: { circuitBreakers: { c: { timeout: 10s, trip: 'consecutiveFailures >= 1' } } }, targets: { apps: { a: { circuitBreaker: c } } }").ForApp("a");
        await FailAsync(policy);
        _clock.Advance(TimeSpan.FromSeconds(10));

        var (_, probe) = await FailAsync(policy);
        var (_, after) = await FailAsync(policy);

        probe.ShouldBe(1);
        after.ShouldBe(0);
    }

    [Fact]
    public async Task Stopping_cuts_a_pause_short()
    {
        var policy = Read("policies: { retries: { r: { policy: constant, duration: 1h } } }, targets: { apps: { a: { retry: r } } }").ForApp("a");
        using var stopping = new CancellationTokenSource();

        var running = policy.RunAsync(_ => Task.FromResult(Attempt<bool>.Failure("no")), discard: null, stopping.Token, Cancel);
        await stopping.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => running);
    }

    [Theory]
    [InlineData("DefaultRetryPolicy", "", 2)]
    [InlineData("DefaultPubsubComponentInboundRetryPolicy", "", 2)]
    [InlineData("DefaultComponentInboundRetryPolicy", "", 2)]
    [InlineData("DefaultAppRetryPolicy", "", 1)]
    [InlineData("DefaultRetryPolicy", "targets: { components: { pubsub: { outbound: {} } } }", 1)]
    public async Task Default_policies_serve_targets_that_are_not_listed(string name, string targets, int attempts)
    {
        var policy = Read($"policies: {{ retries: {{ {name}: {{ policy: constant, duration: 1s, maxRetries: 1 }} }} }}\n{targets}", flow: false).ForPubSubInbound("pubsub");

        var (_, attempted) = await FailAsync(policy);

        attempted.ShouldBe(attempts);
    }

    private ResiliencySpec Read(string spec, bool flow = true)
    {
        var body = flow && !spec.Contains('\n', StringComparison.Ordinal) ? $"spec: {{ {spec} }}" : "spec:\n" + string.Join('\n', spec.Split('\n').Select(line => "  " + line));
        File.WriteAllText(_file, "apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata: { name: r }\n" + body + "\n");
        return ResiliencySpec.Read(YamlMap.ReadDocuments(_file), _clock, () => 0.5);
    }

    private async Task<(Attempt<bool> Last, int Attempts)> FailAsync(Policy policy, int? code = null)
    {
        var attempts = 0;
        var running = policy.RunAsync(
            _ =>
            {
                attempts++;
                return Task.FromResult(Attempt<bool>.Failure("no", code));
            },
            Cancel);
        return (await AdvanceUntilDoneAsync(running), attempts);
    }

    private async Task<Attempt<bool>> AdvanceUntilDoneAsync(Task<Attempt<bool>> running)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        while (!running.IsCompleted && !patience.IsCancellationRequested)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }
        return await running.WaitAsync(patience.Token);
    }
}
