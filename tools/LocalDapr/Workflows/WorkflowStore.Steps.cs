using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using KestrelVoice.LocalDapr.Storage;
using KestrelVoice.TaskHub;
using Kind = KestrelVoice.TaskHub.HistoryEvent.EventTypeOneofCase;

namespace KestrelVoice.LocalDapr.Workflows;

/// <summary>The steps that transactions are made of. Each leaves in the <see cref="Aftermath"/> what is to follow.</summary>
internal sealed partial class WorkflowStore
{
    private WorkflowRow? Find(Statements statements, string id) =>
        statements.Single($"select {WorkflowRow.Columns} from workflow where app = $1 and id = $2", WorkflowRow.Read, app, id);

    private static List<HistoryEvent> History(Statements statements, long key) => statements.List(
        "select event from workflow_history where workflow = $1 order by sequence", row => HistoryEvent.Parser.ParseFrom(row.GetFieldValue<byte[]>(0)), key);

    private long? Soonest(Statements statements) => statements.Scalar<long?>("select min(due_at) from workflow_timer where app = $1", app);

    private long Create(Statements statements, string id, ExecutionStartedEvent started, Parent? parent, Aftermath after)
    {
        var now = clock.GetUtcNow();
        var beginning = Identified(id, started, now);
        var key = Insert(statements, beginning, OrchestrationStatus.Pending, now, parent);
        after.Changed.Add(id);
        if (started.ScheduledStartTimestamp is { } start && HistoryEvents.DueTicks(start) is var due && (due is null || due > now.UtcTicks))
            Arm(statements, key, 0, TimerKind.Start, due ?? long.MaxValue, null, after);
        else
            Post(statements, key, id, beginning, Rank.Start, after);
        return key;
    }

    private static HistoryEvent Identified(string id, ExecutionStartedEvent started, DateTimeOffset now)
    {
        started.WorkflowInstance = new WorkflowInstance { InstanceId = id, ExecutionId = Guid.CreateVersion7(now).ToString() };
        return new HistoryEvent { EventId = HistoryEvents.NoAction, Timestamp = now.ToTimestamp(), ExecutionStarted = started };
    }

    private long Insert(Statements statements, HistoryEvent beginning, OrchestrationStatus status, DateTimeOffset now, Parent? parent) => statements.Scalar<long>(
        """
        insert into workflow (app, id, generation, status, created_at, updated_at, started, parent, parent_generation, parent_task)
        values ($1, $2, 0, $3, $4, $4, $5, $6, $7, $8) returning key
        """,
        app, beginning.ExecutionStarted.WorkflowInstance.InstanceId, (int)status, now.UtcTicks, beginning.ToByteArray(),
        parent?.Key, parent?.Generation, parent?.Task);

    private static void Begin(Statements statements, long key, Aftermath after)
    {
        var (id, started) = statements.Single("select id, started from workflow where key = $1", row => (row.GetString(0), row.GetFieldValue<byte[]>(1)), key);
        if (id is not null)
            Post(statements, key, id, HistoryEvent.Parser.ParseFrom(started), Rank.Start, after);
    }

    private static bool TakeStart(Statements statements, long key) =>
        statements.Execute("delete from workflow_timer where workflow = $1 and kind = $2", key, (int)TimerKind.Start) > 0;

    private void EndUnstarted(Statements statements, WorkflowRow workflow, HistoryEvent terminated, ExecutionTerminatedEvent termination, Aftermath after)
    {
        var completed = new HistoryEvent
        {
            EventId = HistoryEvents.NoAction,
            Timestamp = terminated.Timestamp,
            ExecutionCompleted = new ExecutionCompletedEvent { WorkflowStatus = OrchestrationStatus.Terminated, Result = termination.Input },
        };
        var started = new HistoryEvent { EventId = HistoryEvents.NoAction, Timestamp = HistoryEvents.Timestamp(workflow.CreatedAt), ExecutionStarted = workflow.Started };
        Append(statements, workflow.Key, [started, terminated, completed]);
        End(statements, workflow.Key, workflow.Id, completed, after);
    }

    private void Advance(Statements statements, WorkflowRow workflow, Turn turn, TurnOutcome outcome, string? customStatus, Aftermath after)
    {
        turn.New[0].WorkflowStarted.Version = outcome.Version;
        Append(statements, turn.Key, turn.New.Concat(outcome.Recorded));
        var now = Math.Max(clock.GetUtcNow().UtcTicks, workflow.UpdatedAt);
        statements.Execute(
            "update workflow set status = $2, updated_at = $3, started_at = coalesce(started_at, $4), custom_status = $5 where key = $1",
            turn.Key, (int)(turn.Past.Concat(turn.New).IsSuspended() ? OrchestrationStatus.Suspended : OrchestrationStatus.Running), now,
            turn.New[0].Timestamp.ToDateTimeOffset().UtcTicks, customStatus);

        var answered = outcome.Answers.Select(answer => answer.TaskFailed?.TaskScheduledId ?? answer.ChildWorkflowInstanceFailed.TaskScheduledId).ToHashSet();
        foreach (var happened in outcome.Recorded.Where(happened => !answered.Contains(happened.EventId)))
            Undertake(statements, turn, happened, after);
        foreach (var answer in outcome.Answers)
            Post(statements, turn.Key, turn.Id, answer, Rank.Arrived, after);
        foreach (var termination in outcome.Terminations)
            Terminate(statements, termination.InstanceId, termination.Reason, termination.Recurse, after);
        if (outcome.TerminatesChildren)
        {
            var reason = outcome.Completed?.ExecutionCompleted.Result;
            foreach (var child in Children(statements, turn.Key).Where(child => !child.Status.IsTerminal()))
                Terminate(statements, child.Id, reason, recurse: true, after);
        }
        if (outcome.Completed is { } completed)
            End(statements, turn.Key, turn.Id, completed, after);
    }

    /// <summary>What recorded events ask for.</summary>
    private void Undertake(Statements statements, Turn turn, HistoryEvent happened, Aftermath after)
    {
        switch (happened.EventTypeCase)
        {
            case Kind.TaskScheduled:
                Schedule(statements, new ActivityKey(turn.Key, turn.Id, turn.Generation, happened.EventId), happened, after);
                break;
            case Kind.TimerCreated:
                ArmTimer(statements, turn.Key, turn.Generation, happened, after);
                break;
            case Kind.ChildWorkflowInstanceCreated:
                CreateChild(statements, new Parent(turn.Key, turn.Generation, happened.EventId, turn.Id, turn.Started), happened.ChildWorkflowInstanceCreated, after);
                break;
            case Kind.EventSent:
                // To nobody, it is lost, as a message to an instance that has ended is.
                if (Find(statements, happened.EventSent.InstanceId) is { IsTerminal: false } target)
                {
                    var raised = new EventRaisedEvent { Name = happened.EventSent.Name, Input = happened.EventSent.Input };
                    Post(
                        statements, target.Key, target.Id,
                        new HistoryEvent { EventId = HistoryEvents.NoAction, Timestamp = happened.Timestamp, EventRaised = raised }, Rank.Arrived, after);
                }
                break;
            default:
                break;
        }
    }

    private static void Schedule(Statements statements, ActivityKey activity, HistoryEvent scheduled, Aftermath after)
    {
        statements.Execute(
            "insert into workflow_activity (workflow, generation, task, event) values ($1, $2, $3, $4)",
            activity.Workflow, activity.Generation, activity.Task, scheduled.ToByteArray());
        after.Activities.Add(activity);
    }

    private void ArmTimer(Statements statements, long key, long generation, HistoryEvent created, Aftermath after)
    {
        if (HistoryEvents.DueTicks(created.TimerCreated.FireAt) is not { } due)
            return;
        var fired = new HistoryEvent
        {
            EventId = HistoryEvents.NoAction,
            TimerFired = new TimerFiredEvent { FireAt = created.TimerCreated.FireAt, TimerId = created.EventId },
        };
        Arm(statements, key, generation, TimerKind.Fire, due, fired, after);
    }

    private void Arm(Statements statements, long key, long generation, TimerKind kind, long due, HistoryEvent? happened, Aftermath after)
    {
        statements.Execute(
            "insert into workflow_timer (app, due_at, workflow, generation, kind, event) values ($1, $2, $3, $4, $5, $6)",
            app, due, key, generation, (int)kind, happened?.ToByteArray());
        after.ArmAt(due);
    }

    private void CreateChild(Statements statements, Parent parent, ChildWorkflowInstanceCreatedEvent created, Aftermath after)
    {
        if (Find(statements, created.InstanceId) is { } earlier)
        {
            if (!earlier.IsTerminal || statements.Scalar<long?>("select 1 from workflow_activity where workflow = $1 limit 1", earlier.Key) is not null)
            {
                var taken = new TaskFailureDetails
                {
                    ErrorType = "WorkflowInstanceAlreadyExists",
                    ErrorMessage = $"an active workflow with ID '{created.InstanceId}' already exists",
                };
                var failed = TurnOutcome.Failure(parent.Task, taken);
                (failed.EventId, failed.Timestamp) = (HistoryEvents.NoAction, clock.GetUtcNow().ToTimestamp());
                Post(statements, parent.Key, parent.Id, failed, Rank.Arrived, after);
                return;
            }
            Remove(statements, earlier.Key, earlier.Id, after);
        }
        var started = new ExecutionStartedEvent
        {
            Name = created.Name,
            Input = created.Input,
            ParentTraceContext = created.ParentTraceContext,
            ParentInstance = new ParentInstanceInfo
            {
                TaskScheduledId = parent.Task,
                Name = parent.Started.Name,
                Version = parent.Started.Version,
                WorkflowInstance = parent.Started.WorkflowInstance,
                AppID = app,
            },
        };
        Create(statements, created.InstanceId, started, parent, after);
    }

    private void Terminate(Statements statements, string id, string? reason, bool recurse, Aftermath after)
    {
        if (Find(statements, id) is not { IsTerminal: false } workflow)
            return;
        var terminated = new HistoryEvent
        {
            EventId = HistoryEvents.NoAction,
            Timestamp = clock.GetUtcNow().ToTimestamp(),
            ExecutionTerminated = new ExecutionTerminatedEvent { Input = reason, Recurse = recurse },
        };
        if (TakeStart(statements, workflow.Key))
            EndUnstarted(statements, workflow, terminated, terminated.ExecutionTerminated, after);
        else
            Post(statements, workflow.Key, id, terminated, Rank.Arrived, after);
    }

    /// <summary>A new generation: the same instance with a history that begins anew, and answers to the old one unheard.</summary>
    private void Renew(Statements statements, WorkflowRow workflow, Turn turn, CompleteWorkflowAction next, string? customStatus, Aftermath after)
    {
        var now = clock.GetUtcNow();
        var started = workflow.Started.Clone();
        started.Input = next.Result;
        started.Version = next.NewVersion ?? started.Version;
        started.ScheduledStartTimestamp = null;
        var beginning = Identified(turn.Id, started, now);

        statements.Execute("delete from workflow_history where workflow = $1", turn.Key);
        statements.Execute("delete from workflow_timer where workflow = $1", turn.Key);
        statements.Execute(
            "delete from workflow_inbox where workflow = $1 and kind not in ($2, $3, $4, $5)",
            turn.Key, (int)Kind.EventRaised, (int)Kind.ExecutionTerminated, (int)Kind.ExecutionSuspended, (int)Kind.ExecutionResumed);
        statements.Execute(
            """
            update workflow set generation = generation + 1, status = $2, created_at = $3, updated_at = max(updated_at, $3), started = $4, custom_status = $5
            where key = $1
            """,
            turn.Key, (int)OrchestrationStatus.Running, now.UtcTicks, beginning.ToByteArray(), customStatus);
        Post(statements, turn.Key, turn.Id, beginning, Rank.Start, after);
        foreach (var carried in next.CarryoverEvents)
            Post(statements, turn.Key, turn.Id, carried, Rank.CarriedOver, after);
    }

    private void End(Statements statements, long key, string id, HistoryEvent completed, Aftermath after)
    {
        var status = completed.ExecutionCompleted.WorkflowStatus;
        statements.Execute(
            "update workflow set status = $2, completed = $3, updated_at = max(updated_at, $4) where key = $1",
            key, (int)status, completed.ToByteArray(), completed.Timestamp.ToDateTimeOffset().UtcTicks);
        // Activities stay: work that was asked for is done, though nobody hears of it.
        statements.Execute("delete from workflow_inbox where workflow = $1", key);
        statements.Execute("delete from workflow_timer where workflow = $1", key);
        after.Changed.Add(id);
        if (limits.RetentionOf(status) is { } retention)
            Arm(statements, key, 0, TimerKind.Forget, (clock.GetUtcNow() + retention).UtcTicks, null, after);

        var parent = statements.Single(
            "select parent, parent_generation, parent_task from workflow where key = $1 and parent is not null",
            row => ((long Key, long Generation, int Task)?)(row.GetInt64(0), row.GetInt64(1), row.GetInt32(2)), key);
        if (parent is not var (parentKey, generation, task))
            return;
        var news = status == OrchestrationStatus.Completed
            ? new HistoryEvent
            {
                ChildWorkflowInstanceCompleted = new ChildWorkflowInstanceCompletedEvent { TaskScheduledId = task, Result = completed.ExecutionCompleted.Result },
            }
            : TurnOutcome.Failure(task, completed.ExecutionCompleted.FailureDetails);
        (news.EventId, news.Timestamp) = (HistoryEvents.NoAction, completed.Timestamp);
        Tell(statements, parentKey, generation, news, after);
    }

    private void Halt(Statements statements, WorkflowRow workflow, Stall stall)
    {
        if (workflow.Status == OrchestrationStatus.Stalled)
            return;
        var now = clock.GetUtcNow();
        Append(statements, workflow.Key,
        [
            new HistoryEvent
            {
                EventId = HistoryEvents.NoAction,
                Timestamp = now.ToTimestamp(),
                ExecutionStalled = new ExecutionStalledEvent { Reason = stall.Reason, Description = stall.Description },
            },
        ]);
        statements.Execute(
            "update workflow set status = $2, updated_at = max(updated_at, $3) where key = $1", workflow.Key, (int)OrchestrationStatus.Stalled, now.UtcTicks);
    }

    /// <summary>Posts an answer to the generation that asked; to any other it means nothing.</summary>
    private static void Tell(Statements statements, long key, long generation, HistoryEvent happened, Aftermath after)
    {
        var (id, current, status) = statements.Single(
            "select id, generation, status from workflow where key = $1",
            row => (row.GetString(0), row.GetInt64(1), (OrchestrationStatus)row.GetInt32(2)), key);
        if (id is not null && current == generation && !status.IsTerminal())
            Post(statements, key, id, happened, Rank.Arrived, after);
    }

    private static long Post(Statements statements, long key, string id, HistoryEvent happened, Rank rank, Aftermath after)
    {
        after.Woken.Add(id);
        return statements.Scalar<long>(
            "insert into workflow_inbox (workflow, kind, rank, event) values ($1, $2, $3, $4) returning sequence",
            key, (int)happened.EventTypeCase, (int)rank, happened.ToByteArray());
    }

    private static void Append(Statements statements, long key, IEnumerable<HistoryEvent> events)
    {
        var sequence = statements.Scalar<long?>("select max(sequence) from workflow_history where workflow = $1", key) ?? 0;
        foreach (var happened in events)
            statements.Execute("insert into workflow_history (workflow, sequence, event) values ($1, $2, $3)", key, ++sequence, happened.ToByteArray());
    }

    private static void Remove(Statements statements, long key, string id, Aftermath after)
    {
        foreach (var table in (string[])["workflow_history", "workflow_inbox", "workflow_activity", "workflow_timer"])
            statements.Execute($"delete from {table} where workflow = $1", key);
        statements.Execute("delete from workflow where key = $1", key);
        after.Gone.Add(id);
        after.Changed.Add(id);
    }

    private static List<Kin> Children(Statements statements, long key) =>
        statements.List("select key, id, status from workflow where parent = $1", Kin.Read, key);

    private static List<Kin> Descendants(Statements statements, long key)
    {
        var found = Children(statements, key);
        for (var i = 0; i < found.Count; i++)
            found.AddRange(Children(statements, found[i].Key));
        return found;
    }

    private static long? Ticks(Timestamp? timestamp) => timestamp is null ? null : HistoryEvents.DueTicks(timestamp);

    /// <summary>Who is to hear how a child ends.</summary>
    private sealed record Parent(long Key, long Generation, int Task, string Id, ExecutionStartedEvent Started);

    private sealed record Kin(long Key, string Id, OrchestrationStatus Status)
    {
        public static Kin Read(Microsoft.Data.Sqlite.SqliteDataReader row) => new(row.GetInt64(0), row.GetString(1), (OrchestrationStatus)row.GetInt32(2));
    }
}
