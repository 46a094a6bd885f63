namespace KestrelVoice.LocalDapr.Resiliency;

/// <summary>What one attempt came to. A failure may carry the status code that retries are matched against.</summary>
internal readonly record struct Attempt<T>(T? Value, bool Failed, int? StatusCode, string? Reason)
{
    public static Attempt<T> Success(T value) => new(value, false, null, null);

    public static Attempt<T> Failure(string reason, int? statusCode = null, T? value = default) => new(value, true, statusCode, reason);
}

/// <summary>retry( circuit breaker( timeout( operation ) ) ): the timeout is for one attempt, an open circuit ends the retries.</summary>
internal sealed class Policy(TimeSpan? timeout, RetryRule? retry, CircuitBreaker? breaker, TimeProvider clock, Func<double> random)
{
    public static Policy None { get; } = new(null, null, null, TimeProvider.System, () => 0.5);

    /// <summary>False when nothing is ever repeated, so that a request need not be kept for a second time.</summary>
    public bool MayRepeat => retry is { MaxRetries: not 0 };

    /// <summary>For an operation that can be made only once.</summary>
    public Policy WithoutRetry() => new(timeout, null, breaker, clock, random);

    /// <param name="operation">One attempt. It may throw only when <paramref name="cancellationToken"/> is the cause.</param>
    /// <param name="discard">Called with the value of a failed attempt that is going to be repeated.</param>
    /// <param name="pauseToken">Cuts only the pauses short: an attempt under way may finish.</param>
    /// <param name="cancellationToken">Cuts an attempt and every pause short.</param>
    public async Task<Attempt<T>> RunAsync<T>(
        Func<CancellationToken, Task<Attempt<T>>> operation, Action<T>? discard, CancellationToken pauseToken, CancellationToken cancellationToken)
    {
        using var pausing = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, pauseToken);
        Func<TimeSpan?>? pauses = null;
        while (true)
        {
            var ticket = breaker?.TryEnter();
            if (breaker is not null && ticket is null)
                return Attempt<T>.Failure("circuit breaker is open");
            var attempt = await OnceAsync(operation, ticket, cancellationToken);
            if (!attempt.Failed || retry is null || !retry.Covers(attempt.StatusCode))
                return attempt;
            pauses ??= retry.Pauses(clock, random);
            if (pauses() is not { } pause)
                return attempt;
            if (attempt.Value is not null)
                discard?.Invoke(attempt.Value);
            await Task.Delay(pause, clock, pausing.Token);
        }
    }

    public Task<Attempt<T>> RunAsync<T>(Func<CancellationToken, Task<Attempt<T>>> operation, CancellationToken cancellationToken) =>
        RunAsync(operation, discard: null, CancellationToken.None, cancellationToken);

    private async Task<Attempt<T>> OnceAsync<T>(Func<CancellationToken, Task<Attempt<T>>> operation, long? ticket, CancellationToken cancellationToken)
    {
        var failed = true;
        try
        {
            var attempt = timeout is null ? await operation(cancellationToken) : await TimedAsync(operation, timeout.Value, cancellationToken);
            failed = attempt.Failed;
            return attempt;
        }
        finally
        {
            if (ticket is { } taken)
                breaker!.Leave(taken, failed);
        }
    }

    private async Task<Attempt<T>> TimedAsync<T>(Func<CancellationToken, Task<Attempt<T>>> operation, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            return await operation(either.Token);
        }
        catch (OperationCanceledException) when (timer.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return Attempt<T>.Failure($"timed out after {limit}");
        }
    }
}
