using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using KestrelVoice.LocalDapr.Resources;
using KestrelVoice.LocalDapr.Storage;
using KestrelVoice.TaskHub;
using Kind = KestrelVoice.TaskHub.HistoryEvent.EventTypeOneofCase;

namespace KestrelVoice.LocalDapr.Workflows;

/// <summary>
/// The workflows of one app as they lie in the journal. Whatever a step comes to (history, timers, activities, children,
/// the parent's news) is one transaction: after a crash it has happened in full or not at all.
/// </summary>
internal sealed class WorkflowStore(Journal journal, string app, WorkflowLimits limits, TimeProvider clock)
{
    public const string Schema =
        """
        create table if not exists workflow (
          key integer primary key autoincrement,
          app text not null, id text not null, generation integer not null, status integer not null,
          created_at integer not null, updated_at integer not null, started_at integer,
          started blob not null, completed blob, custom_status text,
          parent integer, parent_generation integer, parent_task integer,
          unique (app, id)
        );
        create index if not exists workflow_by_parent on workflow (parent) where parent is not null;
        create index if not exists workflow_stalled on workflow (app) where status = 8;
        create table if not exists workflow_history (
          workflow integer not null, sequence integer not null, event blob not null,
          primary key (workflow, sequence)
        ) without rowid;
        create table if not exists workflow_inbox (
          sequence integer primary key autoincrement,
          workflow integer not null, kind integer not null, rank integer not null, event blob not null
        );
        create index if not exists workflow_inbox_by_workflow on workflow_inbox (workflow, rank, sequence);
        create table if not exists workflow_activity (
          workflow integer not null, generation integer not null, task integer not null, event blob not null,
          primary key (workflow, generation, task)
        ) without rowid;
        create table if not exists workflow_timer (
          id integer primary key autoincrement,
          app text not null, due_at integer not null, workflow integer not null, generation integer not null, kind integer not null, event blob
        );
        create index if not exists workflow_timer_by_due on workflow_timer (app, due_at);
        create index if not exists workflow_timer_by_workflow on workflow_timer (workflow);
        """;

    private const int DueAtOnce = 256;

    // Where an entry stands in its inbox: the start before what a generation handed on, and that before all else.
    private enum Rank
    {
        Start = 0,
        CarriedOver = 1,
        Arrived = 2,
    }

    private enum TimerKind
    {
        Fire = 0,
        Start = 1,
        Forget = 2,
    }

    /// <summary>For a store that promises to forget when its process ends.</summary>
    public Task ForgetAsync() => journal.WriteAsync(statements =>
    {
        foreach (var table in (string[])["workflow_history", "workflow_inbox", "workflow_activity", "workflow_timer"])
            statements.Execute($"delete from {table} where workflow in (select key from workflow where app = $1)", app);
        statements.Execute("delete from workflow where app = $1", app);
    });

    /// <summary>What the last run left to do.</summary>
    public Aftermath Unfinished() => journal.Read(statements =>
    {
        var unfinished = new Aftermath();
        unfinished.Woken.UnionWith(statements.List(
            "select distinct workflow.id from workflow_inbox join workflow on workflow.key = workflow_inbox.workflow where workflow.app = $1",
            row => row.GetString(0), app));
        unfinished.Activities.AddRange(statements.List(
            """
            select workflow.key, workflow.id, workflow_activity.generation, workflow_activity.task
            from workflow_activity join workflow on workflow.key = workflow_activity.workflow where workflow.app = $1
            """,
            row => new ActivityKey(row.GetInt64(0), row.GetString(1), row.GetInt64(2), row.GetInt32(3)), app));
        if (Soonest(statements) is { } due)
            unfinished.ArmAt(due);
        return unfinished;
    });

    public List<string> Stalled() => journal.Read(statements =>
        statements.List("select id from workflow where app = $1 and status = 8", row => row.GetString(0), app));

    public WorkflowRow? Find(string id) => journal.Read(statements => Find(statements, id));

    /// <summary>Ids in order, after the one given.</summary>
    public List<string> Ids(string after, int limit) => journal.Read(statements =>
        statements.List("select id from workflow where app = $1 and id > $2 order by id limit $3", row => row.GetString(0), app, after, limit));

    public List<HistoryEvent>? History(string id) => journal.Read(statements =>
        Find(statements, id) is { } workflow ? History(statements, workflow.Key) : null);

    /// <summary>Nothing has answered this entry of an inbox yet.</summary>
    public bool IsQueued(long inbox) => journal.Read(statements =>
        statements.Scalar<long?>("select 1 from workflow_inbox where sequence = $1", inbox) is not null);

    /// <summary>The instance's next turn; null when it has nothing to do, or not yet.</summary>
    public Turn? NextTurn(string id)
    {
        var now = clock.GetUtcNow().ToTimestamp();
        return journal.Read(statements =>
        {
            if (Find(statements, id) is not { IsTerminal: false } workflow)
                return null;
            var inbox = statements.List(
                "select sequence, kind, event from workflow_inbox where workflow = $1 order by rank, sequence",
                row => (Sequence: row.GetInt64(0), Kind: (Kind)row.GetInt32(1), Event: row.GetFieldValue<byte[]>(2)), workflow.Key);
            // That it was halted is no concern of the code it runs.
            var past = History(statements, workflow.Key).FindAll(happened => happened.ExecutionStalled is null);
            // What is raised before the start waits for it.
            if (inbox.Count == 0 || (past.Count == 0 && inbox[0].Kind != Kind.ExecutionStarted))
                return null;
            var news = new List<HistoryEvent>(inbox.Count + 1)
            {
                new() { EventId = HistoryEvents.NoAction, Timestamp = now, WorkflowStarted = new WorkflowStartedEvent() },
            };
            news.AddRange(inbox.Select(entry => HistoryEvent.Parser.ParseFrom(entry.Event)));
            return new Turn(workflow.Key, id, workflow.Generation, workflow.Started, past, news, inbox.Max(entry => entry.Sequence));
        });
    }

    public TaskScheduledEvent? FindActivity(ActivityKey activity) => journal.Read(statements => statements.Single(
        "select event from workflow_activity where workflow = $1 and generation = $2 and task = $3",
        row => HistoryEvent.Parser.ParseFrom(row.GetFieldValue<byte[]>(0)).TaskScheduled, activity.Workflow, activity.Generation, activity.Task));

    /// <summary>Begins an instance. An id may be used again once the instance before it has ended with all its children.</summary>
    public Task<Aftermath> CreateAsync(string id, ExecutionStartedEvent started) => journal.WriteAsync(statements =>
    {
        var after = new Aftermath();
        if (Find(statements, id) is { } earlier)
        {
            if (!earlier.IsTerminal || Descendants(statements, earlier.Key).Any(child => !child.Status.IsTerminal()))
                throw WorkflowRefusals.AlreadyActive(id);
            if (statements.Scalar<long?>("select 1 from workflow_activity where workflow = $1 limit 1", earlier.Key) is not null)
                throw WorkflowRefusals.AwaitsActivity(id);
            Remove(statements, earlier.Key, id, after);
        }
        Create(statements, id, started, parent: null, after);
        return after;
    });

    /// <summary>Puts an event into an instance's inbox.</summary>
    /// <returns>The entry, for <see cref="IsQueued"/>; null when the instance has ended, and the event with it.</returns>
    public Task<(long? Inbox, Aftermath After)> SendAsync(string id, HistoryEvent happened) => journal.WriteAsync(statements =>
    {
        var after = new Aftermath();
        if (Find(statements, id) is not { } workflow)
            throw WorkflowRefusals.NoSuchInstance();
        if (workflow.Status == OrchestrationStatus.Stalled && happened.EventRaised is not null)
            throw WorkflowRefusals.Stalled(id);
        if (workflow.IsTerminal)
            return ((long?)null, after);
        happened.EventId = HistoryEvents.NoAction;
        happened.Timestamp = clock.GetUtcNow().ToTimestamp();
        if (happened.ExecutionTerminated is { } termination && TakeStart(statements, workflow.Key))
        {
            // It would have begun later. No worker is needed to say that it never will.
            EndUnstarted(statements, workflow, happened, termination, after);
            return (null, after);
        }
        return (Post(statements, workflow.Key, id, happened, Rank.Arrived, after), after);
    });

    /// <summary>Makes a turn's outcome happen.</summary>
    /// <returns>Null when the instance has moved on without this turn.</returns>
    public Task<Aftermath?> CommitAsync(Turn turn, TurnOutcome outcome, string? customStatus) => journal.WriteAsync(statements =>
    {
        if (Find(statements, turn.Id) is not { IsTerminal: false } workflow || workflow.Key != turn.Key || workflow.Generation != turn.Generation)
            return null;
        var after = new Aftermath();
        after.Changed.Add(turn.Id);
        if (outcome.Stall is { } stall)
        {
            Halt(statements, workflow, stall);
            return after;
        }
        statements.Execute("delete from workflow_inbox where workflow = $1 and sequence <= $2", turn.Key, turn.LastInbox);
        if (outcome.ContinueAsNew is { } next)
            Renew(statements, workflow, turn, next, customStatus, after);
        else
            Advance(statements, workflow, turn, outcome, customStatus, after);
        if (statements.Scalar<long?>("select 1 from workflow_inbox where workflow = $1 limit 1", turn.Key) is not null)
            after.Woken.Add(turn.Id);
        return after;
    });

    /// <summary>Stops an instance that cannot be sent to its worker.</summary>
    public Task<Aftermath> StallAsync(Turn turn, Stall stall) => journal.WriteAsync(statements =>
    {
        var after = new Aftermath();
        if (Find(statements, turn.Id) is { IsTerminal: false } workflow && workflow.Key == turn.Key)
            Halt(statements, workflow, stall);
        after.Changed.Add(turn.Id);
        return after;
    });

    /// <summary>Takes an activity's answer, the first of them.</summary>
    /// <returns>Null when it was answered before, or is no longer awaited.</returns>
    public Task<Aftermath?> AnswerAsync(ActivityKey activity, HistoryEvent answer) => journal.WriteAsync(statements =>
    {
        if (statements.Execute(
            "delete from workflow_activity where workflow = $1 and generation = $2 and task = $3", activity.Workflow, activity.Generation, activity.Task) == 0)
        {
            return null;
        }
        var after = new Aftermath();
        (answer.EventId, answer.Timestamp) = (HistoryEvents.NoAction, clock.GetUtcNow().ToTimestamp());
        Tell(statements, activity.Workflow, activity.Generation, answer, after);
        return after;
    });

    /// <summary>Fires what is due, a batch at a time.</summary>
    /// <returns>When the next timer is due, which may be now; null when there is none.</returns>
    public Task<(long? Next, Aftermath After)> FireAsync() => journal.WriteAsync(statements =>
    {
        var after = new Aftermath();
        var now = clock.GetUtcNow();
        var due = statements.List(
            "select id, workflow, generation, kind, event from workflow_timer where app = $1 and due_at <= $2 order by due_at limit $3",
            row => (Id: row.GetInt64(0), Workflow: row.GetInt64(1), Generation: row.GetInt64(2), Kind: (TimerKind)row.GetInt32(3),
                Event: row.IsDBNull(4) ? null : row.GetFieldValue<byte[]>(4)),
            app, now.UtcTicks, DueAtOnce);
        foreach (var timer in due)
        {
            statements.Execute("delete from workflow_timer where id = $1", timer.Id);
            switch (timer.Kind)
            {
                case TimerKind.Fire:
                    var fired = HistoryEvent.Parser.ParseFrom(timer.Event);
                    fired.Timestamp = now.ToTimestamp();
                    Tell(statements, timer.Workflow, timer.Generation, fired, after);
                    break;
                case TimerKind.Start:
                    Begin(statements, timer.Workflow, after);
                    break;
                case TimerKind.Forget:
                    if (statements.Single("select id from workflow where key = $1", row => row.GetString(0), timer.Workflow) is { } id)
                        Remove(statements, timer.Workflow, id, after);
                    break;
                default:
                    throw new InvalidOperationException($"timer {timer.Id} is of kind {timer.Kind}");
            }
        }
        return (Soonest(statements), after);
    });

    /// <summary>Removes an instance that has ended, and with <paramref name="recursive"/> its children; all of them or none.</summary>
    public Task<(int Count, Aftermath After)> PurgeAsync(string id, bool recursive, bool force) => journal.WriteAsync(statements =>
    {
        var after = new Aftermath();
        if (Find(statements, id) is not { } workflow)
            throw WorkflowRefusals.NoSuchInstance();
        List<Kin> family = [new Kin(workflow.Key, workflow.Id, workflow.Status), .. recursive ? Descendants(statements, workflow.Key) : []];
        if (!force && family.Find(member => !member.Status.IsTerminal()) is { } active)
            throw WorkflowRefusals.NotCompleted(active.Id);
        foreach (var member in family)
            Remove(statements, member.Key, member.Id, after);
        return (family.Count, after);
    });

    /// <summary>Removes every ended instance that matches.</summary>
    public Task<(int Count, Aftermath After)> PurgeAsync(PurgeInstanceFilter filter, bool recursive) => journal.WriteAsync(statements =>
    {
        var after = new Aftermath();
        var statuses = filter.RuntimeStatus.ToHashSet();
        var matching = statements.List(
            "select key, id, status from workflow where app = $1 and created_at >= $2 and created_at <= $3", Kin.Read,
            app, Ticks(filter.CreatedTimeFrom) ?? 0, Ticks(filter.CreatedTimeTo) ?? long.MaxValue);
        foreach (var match in matching.Where(match => match.Status.IsTerminal() && (statuses.Count == 0 || statuses.Contains(match.Status))))
        {
            List<Kin> family = [match, .. recursive ? Descendants(statements, match.Key) : []];
            foreach (var member in family.Where(member => member.Status.IsTerminal()))
                Remove(statements, member.Key, member.Id, after);
        }
        return (after.Gone.Count, after);
    });

    /// <summary>Begins a new instance with the history of one that has ended, up to an action that is then taken once more.</summary>
    public Task<Aftermath> RerunAsync(RerunWorkflowFromEventRequest request, string id) => journal.WriteAsync(statements =>
    {
        var source = Find(statements, request.SourceInstanceID) ?? throw WorkflowRefusals.NoHistory(request.SourceInstanceID);
        if (!source.IsTerminal)
            throw WorkflowRefusals.NotRerunnable(source.Id, "it has not ended");
        if (source.Started.ParentInstance is not null)
            throw WorkflowRefusals.NotRerunnable(source.Id, "it is the child of another");
        if (Find(statements, id) is not null)
            throw WorkflowRefusals.AlreadyExists(id);
        var now = clock.GetUtcNow();
        var beginning = Identified(id, source.Started.Clone(), now);
        var fork = Fork.Of(History(statements, source.Key), beginning, request);
        var status = fork.History.IsSuspended() ? OrchestrationStatus.Suspended : OrchestrationStatus.Running;
        var key = Insert(statements, beginning, status, now, parent: null);
        Append(statements, key, fork.History);
        statements.Execute("update workflow set started_at = $2 where key = $1", key, now.UtcTicks);

        var after = new Aftermath();
        after.Changed.Add(id);
        var turn = new Turn(key, id, 0, beginning.ExecutionStarted, [], [], 0);
        foreach (var unanswered in fork.Unanswered)
            Undertake(statements, turn, unanswered, after);
        return after;
    });

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
