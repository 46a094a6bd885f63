using KestrelVoice.TaskHub;

namespace KestrelVoice.LocalDapr.Resources;

/// <summary>The <c>spec.workflow</c> of a Configuration: how much runs at once, and for how long what has ended is kept.</summary>
/// <param name="Turns">Turns at once; null for as many as there are.</param>
/// <param name="Activities">Activities at once; null for as many as there are.</param>
/// <param name="Retention">How long instances are kept once they have ended so.</param>
internal sealed record WorkflowLimits(int? Turns, int? Activities, IReadOnlyDictionary<OrchestrationStatus, TimeSpan> Retention)
{
    public static WorkflowLimits None { get; } = new(null, null, new Dictionary<OrchestrationStatus, TimeSpan>());

    public TimeSpan? RetentionOf(OrchestrationStatus status) => Retention.TryGetValue(status, out var retention) ? retention : null;

    public static WorkflowLimits Read(YamlMap? spec)
    {
        if (spec is null)
            return None;
        foreach (var list in (string[])["workflowConcurrencyLimits", "activityConcurrencyLimits"])
        {
            if (spec.Maps(list).Count > 0)
                throw spec.Refuse($"spec.workflow.{list} limits single workflows or activities, which LocalDapr does not do");
        }
        // An app has one sidecar here, so that what is global is that sidecar's.
        return new WorkflowLimits(
            Smaller(Limit(spec, "maxConcurrentWorkflowInvocations"), Limit(spec, "globalMaxConcurrentWorkflowInvocations")),
            Smaller(Limit(spec, "maxConcurrentActivityInvocations"), Limit(spec, "globalMaxConcurrentActivityInvocations")),
            Retentions(spec.Map("stateRetentionPolicy")));
    }

    private static int? Limit(YamlMap spec, string key) => spec.Number(key) switch
    {
        null or 0 => null,
        < 0 => throw spec.Refuse($"spec.workflow.{key} must not be negative"),
        var limit => limit,
    };

    private static int? Smaller(int? one, int? other) => one is null ? other : other is null ? one : Math.Min(one.Value, other.Value);

    private static Dictionary<OrchestrationStatus, TimeSpan> Retentions(YamlMap? policy)
    {
        var retentions = new Dictionary<OrchestrationStatus, TimeSpan>();
        if (policy is null)
            return retentions;
        foreach (var (status, key) in ((OrchestrationStatus, string)[])
            [
                (OrchestrationStatus.Completed, "completed"),
                (OrchestrationStatus.Failed, "failed"),
                (OrchestrationStatus.Terminated, "terminated"),
            ])
        {
            if ((policy.Duration(key) ?? policy.Duration("anyTerminal")) is { } retention)
                retentions[status] = retention >= TimeSpan.Zero ? retention : throw policy.Refuse($"spec.workflow.stateRetentionPolicy.{key} must not be negative");
        }
        return retentions;
    }
}
