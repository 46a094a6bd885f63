using System.Runtime.InteropServices;

namespace KestrelVoice.Cli.Commands;

/// <summary>Ctrl-C, SIGTERM and a closed terminal: the first asks for an orderly stop, the second for one at once.</summary>
internal sealed class StopRequest : IDisposable
{
    private readonly CancellationTokenSource orderly = new();
    private readonly CancellationTokenSource now = new();
    private readonly List<PosixSignalRegistration> registrations = [];

    public StopRequest()
    {
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT })
            registrations.Add(PosixSignalRegistration.Create(signal, Handle));
    }

    public CancellationToken Orderly => orderly.Token;

    public CancellationToken Now => now.Token;

    public void Dispose()
    {
        foreach (var registration in registrations)
            registration.Dispose();
        orderly.Dispose();
        now.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        if (orderly.IsCancellationRequested)
            now.Cancel();
        else
            orderly.Cancel();
    }
}
