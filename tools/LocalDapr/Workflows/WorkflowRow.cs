using KestrelVoice.TaskHub;
using Microsoft.Data.Sqlite;

namespace KestrelVoice.LocalDapr.Workflows;

/// <summary>An instance, without its history. Times are ticks of UTC.</summary>
internal sealed record WorkflowRow(long Key, string Id, long Generation, OrchestrationStatus Status, long CreatedAt, long UpdatedAt)
{
    public const string Columns = "key, id, generation, status, created_at, updated_at, started_at, started, completed, custom_status";

    public long? StartedAt { get; private init; }

    public required ExecutionStartedEvent Started { get; init; }

    public ExecutionCompletedEvent? Completed { get; private init; }

    public string? CustomStatus { get; private init; }

    public bool IsTerminal => Status.IsTerminal();

    public static WorkflowRow Read(SqliteDataReader row) =>
        new(row.GetInt64(0), row.GetString(1), row.GetInt64(2), (OrchestrationStatus)row.GetInt32(3), row.GetInt64(4), row.GetInt64(5))
        {
            StartedAt = row.IsDBNull(6) ? null : row.GetInt64(6),
            Started = HistoryEvent.Parser.ParseFrom(row.GetFieldValue<byte[]>(7)).ExecutionStarted,
            Completed = row.IsDBNull(8) ? null : HistoryEvent.Parser.ParseFrom(row.GetFieldValue<byte[]>(8)).ExecutionCompleted,
            CustomStatus = row.IsDBNull(9) ? null : row.GetString(9),
        };

    public WorkflowState ToState(bool withPayloads)
    {
        var state = new WorkflowState
        {
            InstanceId = Id,
            Name = Started.Name,
            Version = Started.Version,
            WorkflowStatus = Status,
            CreatedTimestamp = HistoryEvents.Timestamp(CreatedAt),
            LastUpdatedTimestamp = HistoryEvents.Timestamp(UpdatedAt),
            ParentInstanceId = Started.ParentInstance?.WorkflowInstance?.InstanceId,
            ParentAppId = Started.ParentInstance is { HasAppID: true, AppID: var app } ? app : null,
            StartedAt = StartedAt is { } startedAt ? HistoryEvents.Timestamp(startedAt) : null,
        };
        if (withPayloads)
        {
            state.Input = Started.Input;
            state.CustomStatus = CustomStatus;
            state.Output = Completed?.Result;
            state.FailureDetails = Completed?.FailureDetails;
        }
        return state;
    }
}
