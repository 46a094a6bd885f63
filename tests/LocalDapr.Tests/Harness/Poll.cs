namespace KestrelVoice.LocalDapr.Tests.Harness;

/// <summary>Waiting for something to become true, with a deadline.</summary>
internal static class Poll
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    public static Task Until(Func<bool> condition, string what) => Until(condition, () => what);

    public static Task Until(Func<bool> condition, Func<string> what) => Until(() => Task.FromResult(condition()), what);

    public static async Task Until(Func<Task<bool>> condition, Func<string> what, TimeSpan? patience = null)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(patience ?? s_patience);
        while (!await condition())
        {
            if (deadline.IsCancellationRequested)
                throw new TimeoutException($"waited in vain for {what()}");
            await Task.Delay(20, CancellationToken.None);
        }
    }
}
