namespace KestrelVoice.LocalDapr.Workflows;

/// <summary>An activity that is to run.</summary>
internal sealed record ActivityKey(long Workflow, string Id, long Generation, int Task);

/// <summary>What is to be done once a change of workflows is on disk. Losing it loses nothing: a restart finds the same in the tables.</summary>
internal sealed class Aftermath
{
    /// <summary>Instances that have something in their inbox.</summary>
    public HashSet<string> Woken { get; } = new(StringComparer.Ordinal);

    /// <summary>Instances of which somebody may be waiting for news.</summary>
    public HashSet<string> Changed { get; } = new(StringComparer.Ordinal);

    /// <summary>Instances that are gone, and with them whatever of theirs is under way.</summary>
    public HashSet<string> Gone { get; } = new(StringComparer.Ordinal);

    public List<ActivityKey> Activities { get; } = [];

    /// <summary>When the soonest of the new timers is due, in ticks of UTC.</summary>
    public long? Due { get; private set; }

    public void ArmAt(long dueTicks) => Due = Math.Min(Due ?? dueTicks, dueTicks);
}
