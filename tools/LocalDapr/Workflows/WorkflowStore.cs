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
internal sealed partial class WorkflowStore(Journal journal, string app, WorkflowLimits limits, TimeProvider clock)
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
}
