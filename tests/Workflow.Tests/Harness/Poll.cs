namespace KestrelVoice.Workflow.Tests.Harness;

/// <summary>Waiting for something to become true, with a deadline.</summary>
internal static class Poll
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static Task Until(Func<bool> condition, string what) => Until(condition, () => what);

    public static async Task Until(Func<bool> condition, Func<string> what)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Patience);
        while (!condition())
        {
            if (deadline.IsCancellationRequested)
                throw new TimeoutException($"waited in vain for {what()}");
            await Task.Delay(10, CancellationToken.None);
        }
    }

    public static async Task<T> Within<T>(ValueTask<T> answer, string what) => await Within(answer.AsTask(), what);

    public static async Task<T> Within<T>(Task<T> answer, string what)
    {
        try
        {
            return await answer.WaitAsync(Patience, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"waited in vain for {what}");
        }
    }
}
