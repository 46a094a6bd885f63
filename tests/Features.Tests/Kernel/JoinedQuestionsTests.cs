using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Tests.Kernel;

public sealed class JoinedQuestionsTests
{
    private readonly JoinedQuestions<string, int> questions = new();
    private readonly List<TaskCompletionSource<int>> asked = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Those_who_ask_during_a_question_share_the_next_one()
    {
        var first = Ask();
        var (second, third) = (Ask(), Ask());
        asked.Count.ShouldBe(1);

        asked[0].SetResult(1);

        (await first).ShouldBe(1);
        asked.Count.ShouldBe(2);
        asked[1].SetResult(2);
        (await second).ShouldBe(2);
        (await third).ShouldBe(2);
    }

    [Fact]
    public async Task Who_asks_alone_is_asked_for_alone()
    {
        foreach (var answer in new[] { 1, 2, 3 })
        {
            var question = Ask();
            asked[^1].SetResult(answer);
            (await question).ShouldBe(answer);
        }

        asked.Count.ShouldBe(3);
    }

    [Fact]
    public async Task Keys_do_not_wait_for_each_other()
    {
        var first = Ask();
        var other = Ask("other");

        asked[1].SetResult(2);

        (await other).ShouldBe(2);
        first.IsCompleted.ShouldBeFalse();
        asked[0].SetResult(1);
        (await first).ShouldBe(1);
    }

    [Fact]
    public async Task A_question_that_fails_fails_for_those_who_asked_it_and_no_others()
    {
        var (first, second) = (Ask(), Ask());

        asked[0].SetException(new TimeoutException());

        await first.ShouldThrowAsync<TimeoutException>();
        asked[1].SetResult(2);
        (await second).ShouldBe(2);
    }

    [Fact]
    public async Task Who_leaves_takes_nobody_along()
    {
        using var patience = new CancellationTokenSource();
        var first = Ask();
        var (leaving, staying) = (Ask(cancellationToken: patience.Token), Ask());

        await patience.CancelAsync();
        await leaving.ShouldThrowAsync<OperationCanceledException>();
        asked[0].SetResult(1);
        await first;
        asked[1].SetResult(2);

        (await staying).ShouldBe(2);
    }

    private Task<int> Ask(string key = "key", CancellationToken? cancellationToken = null) => questions.AskAsync(
        key,
        () =>
        {
            asked.Add(new TaskCompletionSource<int>());
            return asked[^1].Task;
        },
        cancellationToken ?? Token);
}
