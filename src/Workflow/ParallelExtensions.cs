namespace Dapr.Workflow;

/// <summary>Fan-out with a bound.</summary>
public static class ParallelExtensions
{
    /// <summary>Runs a task for each input, some at a time, and returns the results in the order of the inputs.</summary>
    /// <param name="maxConcurrency">How many run at once; at least 1.</param>
    /// <exception cref="AggregateException">Some failed; the others were awaited first.</exception>
    public static async Task<TResult[]> ProcessInParallelAsync<TInput, TResult>(
        this WorkflowContext context, IEnumerable<TInput> inputs, Func<TInput, Task<TResult>> taskFactory, int maxConcurrency = 5)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(taskFactory);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxConcurrency);

        var waiting = new Queue<(int Index, TInput Input)>(inputs.Select((input, index) => (index, input)));
        var results = new TResult[waiting.Count];
        var failures = new SortedDictionary<int, Exception>();
        await Task.WhenAll(Enumerable.Range(0, Math.Min(maxConcurrency, waiting.Count)).Select(_ => WorkAsync()).ToList());
        return failures.Count == 0 ? results : throw new AggregateException(failures.Values);

        async Task WorkAsync()
        {
            while (waiting.TryDequeue(out var next))
            {
                try
                {
                    results[next.Index] = await taskFactory(next.Input);
                }
                catch (Exception failure)
                {
                    failures.Add(next.Index, failure);
                }
            }
        }
    }
}
