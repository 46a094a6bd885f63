using System.Runtime.InteropServices;

namespace KestrelVoice.LocalDapr;

/// <summary>The command <c>kestrel dapr run -f FILE</c>.</summary>
public static class LocalDaprRun
{
    /// <summary>Everything was stopped as asked.</summary>
    public const int Stopped = 0;

    /// <summary>The run failed, or could not start.</summary>
    public const int Failed = 1;

    /// <summary>
    /// Runs until cancelled, or until SIGINT or SIGTERM. The caller must not end the process before this returns:
    /// it drains deliveries and waits for the apps to leave.
    /// </summary>
    /// <returns><see cref="Stopped"/> or <see cref="Failed"/>.</returns>
    public static async Task<int> RunAsync(LocalDaprOptions options, TextWriter output, CancellationToken cancellationToken)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var onCancelled = cancellationToken.Register(() => asked.TrySetResult());
        using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Answer);
        using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Answer);
        try
        {
            await using var host = await LocalDaprHost.StartAsync(options, output, cancellationToken);
            await Task.WhenAny(asked.Task, host.Failed);
            if (!asked.Task.IsCompleted)
                await output.WriteLineAsync("LocalDapr: " + await host.Failed);
            await output.WriteLineAsync("LocalDapr: stopping.");
            await host.StopAsync();
            return asked.Task.IsCompleted ? Stopped : Failed;
        }
        catch (LocalDaprRefusedException refused)
        {
            await output.WriteLineAsync("LocalDapr: " + refused.Message);
            return Failed;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return Stopped;
        }

        void Answer(PosixSignalContext signal)
        {
            signal.Cancel = true;
            asked.TrySetResult();
        }
    }
}
