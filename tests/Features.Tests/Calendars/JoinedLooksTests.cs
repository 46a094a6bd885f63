using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Tests.Calendars;

public sealed class JoinedLooksTests
{
    private readonly JoinedQuestions<string, int> looks = new();
    private readonly List<TaskCompletionSource<int>> looking = [];

    [Fact]
    public async Task Who_comes_while_somebody_looks_shares_the_next_look()
    {
        var first = LookAsync();
        await BegunAsync(1);
        var later = Enumerable.Range(0, 100).Select(_ => LookAsync()).ToList();

        looking[0].SetResult(1);
        (await first).ShouldBe(1);
        await BegunAsync(2);
        looking[1].SetResult(2);

        (await Task.WhenAll(later)).ShouldAllBe(seen => seen == 2);
        looking.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_look_that_fails_fails_for_those_who_share_it_and_for_no_others()
    {
        var first = LookAsync();
        await BegunAsync(1);
        var second = LookAsync();

        looking[0].SetException(new TimeoutException());
        await Should.ThrowAsync<TimeoutException>(first);
        await BegunAsync(2);
        looking[1].SetResult(2);

        (await second).ShouldBe(2);
    }

    [Fact]
    public async Task When_nobody_looks_the_next_one_looks_at_once()
    {
        for (var look = 1; look <= 3; look++)
        {
            var seeing = LookAsync();
            await BegunAsync(look);
            looking[^1].SetResult(look);
            (await seeing).ShouldBe(look);
        }
    }

    private Task<int> LookAsync() => looks.AskAsync("there", () =>
    {
        var look = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (looking)
            looking.Add(look);
        return look.Task;
    }, TestContext.Current.CancellationToken);

    private async Task BegunAsync(int count)
    {
        while (true)
        {
            lock (looking)
            {
                if (looking.Count >= count)
                    return;
            }
            await Task.Delay(TimeSpan.FromMilliseconds(5), TestContext.Current.CancellationToken);
        }
    }
}
