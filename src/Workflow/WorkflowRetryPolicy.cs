namespace Dapr.Workflow;

/// <summary>When a failed activity or child workflow is tried again. The pauses are durable timers.</summary>
public class WorkflowRetryPolicy
{
    // What stands in for an absent longest pause when the first one is checked.
    private static readonly TimeSpan DefaultMaxRetryInterval = TimeSpan.FromHours(1);

    /// <param name="maxNumberOfAttempts">All attempts, the first included; at least 1.</param>
    /// <param name="firstRetryInterval">The pause before the second attempt; more than nothing.</param>
    /// <param name="backoffCoefficient">What each further pause is multiplied by; at least 1.</param>
    /// <param name="maxRetryInterval">The longest pause; none if null.</param>
    /// <param name="retryTimeout">No attempt begins this long after the first one; unlimited if null or infinite.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside of what is said above.</exception>
    public WorkflowRetryPolicy(
        int maxNumberOfAttempts,
        TimeSpan firstRetryInterval,
        double backoffCoefficient = 1.0,
        TimeSpan? maxRetryInterval = null,
        TimeSpan? retryTimeout = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxNumberOfAttempts);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(firstRetryInterval, TimeSpan.Zero);
        if (!double.IsFinite(backoffCoefficient) || backoffCoefficient < 1)
            throw new ArgumentOutOfRangeException(nameof(backoffCoefficient), backoffCoefficient, "A pause cannot be shorter than the one before.");
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRetryInterval ?? DefaultMaxRetryInterval, firstRetryInterval, nameof(maxRetryInterval));
        if (retryTimeout is { } timeout && timeout != Timeout.InfiniteTimeSpan)
            ArgumentOutOfRangeException.ThrowIfLessThan(timeout, firstRetryInterval, nameof(retryTimeout));

        MaxNumberOfAttempts = maxNumberOfAttempts;
        FirstRetryInterval = firstRetryInterval;
        BackoffCoefficient = backoffCoefficient;
        MaxRetryInterval = maxRetryInterval;
        RetryTimeout = retryTimeout ?? Timeout.InfiniteTimeSpan;
    }

    /// <summary>All attempts, the first included.</summary>
    public int MaxNumberOfAttempts { get; }

    /// <summary>The pause before the second attempt.</summary>
    public TimeSpan FirstRetryInterval { get; }

    /// <summary>What each further pause is multiplied by.</summary>
    public double BackoffCoefficient { get; }

    /// <summary>The longest pause, if there is one.</summary>
    public TimeSpan? MaxRetryInterval { get; }

    /// <summary>No attempt begins this long after the first one.</summary>
    public TimeSpan RetryTimeout { get; }

    /// <summary>The pause after a failed attempt, or null when it was the last.</summary>
    /// <param name="attempt">Counted from 1.</param>
    /// <param name="elapsed">Since the first attempt.</param>
    internal TimeSpan? PauseAfter(int attempt, TimeSpan elapsed)
    {
        if (attempt >= MaxNumberOfAttempts || (RetryTimeout != Timeout.InfiniteTimeSpan && elapsed >= RetryTimeout))
            return null;
        var ticks = FirstRetryInterval.Ticks * Math.Pow(BackoffCoefficient, attempt - 1);
        var pause = ticks < TimeSpan.MaxValue.Ticks ? TimeSpan.FromTicks((long)ticks) : TimeSpan.MaxValue;
        return pause > MaxRetryInterval ? MaxRetryInterval : pause;
    }
}
