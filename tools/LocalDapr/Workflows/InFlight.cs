using KestrelVoice.TaskHub;

namespace KestrelVoice.LocalDapr.Workflows;

/// <summary>Something a worker was given and has not answered yet.</summary>
internal abstract class InFlight(WorkerStream stream, string token)
{
    public WorkerStream Stream => stream;

    public string Token => token;

    /// <summary>The answer is there and on its way to disk; no other is taken.</summary>
    public bool Answered { get; set; }

    /// <summary>Workers from before tokens were invented echo none.</summary>
    public bool MayBeAnsweredWith(string echoed) => !Answered && (echoed.Length == 0 || echoed == token);
}

internal sealed class TurnInFlight(string id, WorkerStream stream, string token) : InFlight(stream, token)
{
    public string Id => id;

    /// <summary>Null until it was read from disk.</summary>
    public Turn? Turn { get; set; }

    /// <summary>Something arrived meanwhile.</summary>
    public bool WokenAgain { get; set; }
}

internal sealed class ActivityInFlight(ActivityKey key, WorkerStream stream, string token) : InFlight(stream, token)
{
    public ActivityKey Key => key;

    public TaskScheduledEvent? Scheduled { get; set; }
}
