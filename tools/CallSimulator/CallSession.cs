using KestrelVoice.CallSimulator.Callers;
using KestrelVoice.CallSimulator.Recordings;
using KestrelVoice.CallSimulator.Twiml;
using KestrelVoice.CallSimulator.Webhooks;

namespace KestrelVoice.CallSimulator;

/// <summary>The live state of one call: its clock, its line, its recordings and the callbacks still to come.</summary>
internal sealed class CallSession
{
    private readonly List<TraceEntry> entries = [];
    private readonly List<PendingWork> pending = [];
    private readonly WebhookSender sender;
    private DateTimeOffset? answeredAt;
    private int planned;

    public CallSession(CallPlan plan, Caller caller, HttpClient http)
    {
        Plan = plan;
        Caller = caller;
        Ids = new SeededIds(plan.Seed);
        Clock = new CallClock(plan.StartsAt);
        CallSid = Ids.Sid("CA");
        Parameters = new CallParameters(plan, CallSid, Ids.Sid("CT"));
        sender = new WebhookSender(http, plan.AuthToken, plan.RetryPause, Ids, Add, Clock);
    }

    private sealed record PendingWork(DateTimeOffset Due, int Order, Func<CancellationToken, Task> Run);

    public CallPlan Plan { get; }

    public Caller Caller { get; }

    public SeededIds Ids { get; }

    public CallClock Clock { get; }

    public string CallSid { get; }

    public CallParameters Parameters { get; }

    public List<RunningRecording> RunningRecordings { get; } = [];

    public IReadOnlyList<TraceEntry> Entries => entries;

    /// <summary><c>ringing</c>, <c>in-progress</c>, then a terminal status.</summary>
    public string Status { get; private set; } = "ringing";

    public bool Answered => answeredAt is not null;

    public bool Live => Status is "ringing" or "in-progress";

    public int Seconds { get; private set; }

    public async ValueTask AnswerAsync(CancellationToken cancellationToken)
    {
        if (answeredAt is not null)
            return;
        answeredAt = Clock.GetUtcNow();
        Status = "in-progress";
        await KeepAsync(cancellationToken);
    }

    /// <summary>The line is dead. Callbacks are still to come.</summary>
    public async ValueTask EndAsync(string by, string? status, CancellationToken cancellationToken)
    {
        if (!Live)
            return;
        Status = status ?? (Answered ? "completed" : "no-answer");
        Seconds = answeredAt is { } answered ? (int)Math.Ceiling((Clock.GetUtcNow() - answered).TotalSeconds) : 0;
        Add(new CallOver(Clock.GetUtcNow(), Status, Seconds, by));
        await KeepAsync(cancellationToken);
        await Caller.CallEndedAsync(new EndMoment(Status, by), cancellationToken);
    }

    /// <summary>Keeps how the call stands where the REST API finds it, which tells more reliably than any callback.</summary>
    public Task KeepAsync(CancellationToken cancellationToken) => Plan.RecordingsFolder is { } folder
        ? CallFile.WriteAsync(
            folder, new CallResource(CallSid, Plan.AccountSid, Plan.From, Plan.To, Status, Plan.StartsAt, Live ? null : Clock.GetUtcNow(), Seconds), cancellationToken)
        : Task.CompletedTask;

    public void Add(TraceEntry entry)
    {
        entries.Add(entry);
        Plan.Observer?.Invoke(entry);
        Caller.Observe(entry);
    }

    public void Complain(int code, string message, string url) => Add(new CallProblem(Clock.GetUtcNow(), code, message, url));

    /// <summary>Lets time pass; what falls due within it happens on the way.</summary>
    public async ValueTask PassAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        var until = Clock.GetUtcNow() + time;
        while (pending.Count > 0 && pending.Min(work => work.Due) <= until)
            await RunNextAsync(cancellationToken);
        Clock.AdvanceTo(until);
    }

    /// <summary>Lets everything happen that is still to come, however late.</summary>
    public async ValueTask DrainAsync(CancellationToken cancellationToken)
    {
        while (pending.Count > 0)
            await RunNextAsync(cancellationToken);
    }

    /// <summary>Plans work that is done without the line.</summary>
    public void Enqueue(TimeSpan @in, Func<CancellationToken, Task> work) =>
        pending.Add(new PendingWork(Clock.GetUtcNow() + @in, planned++, work));

    /// <summary>Plans a callback whose answer nobody waits for.</summary>
    public void Enqueue(WebhookKind kind, Callback callback, IReadOnlyList<KeyValuePair<string, string>> parameters, TimeSpan @in)
    {
        var webhook = Compose(kind, callback.Url, callback.Method, parameters);
        var fault = Plan.Faults?.Invoke(webhook) ?? WebhookFault.None;
        for (var copy = 0; copy < fault.Copies; copy++)
        {
            var copied = copy > 0 && fault.FreshTokens ? webhook with { IdempotencyToken = Ids.Token() } : webhook;
            Enqueue(@in + fault.Delay, token => DeliverAsync(copied, token));
        }
    }

    /// <summary>Fetches what a continuation answers; null, with the failure, when it cannot be had.</summary>
    public async Task<(WebhookResponse? Response, WebhookFailure? Failure)> FetchAsync(
        WebhookKind kind, Continuation from, IEnumerable<KeyValuePair<string, string>> extra, CancellationToken cancellationToken)
    {
        var webhook = Compose(kind, from.Url, from.Method, [.. Parameters.Base(Status), .. extra]);
        var fault = Plan.Faults?.Invoke(webhook) ?? WebhookFault.None;
        await PassAsync(fault.Delay, cancellationToken);
        var dropped = new WebhookFailure(11205, "ct", $"{webhook.Url} was not reached: dropped on purpose");
        (WebhookResponse? Response, WebhookFailure? Failure) answer = (null, dropped);
        for (var copy = 0; copy < fault.Copies; copy++)
        {
            var copied = copy > 0 && fault.FreshTokens ? webhook with { IdempotencyToken = Ids.Token() } : webhook;
            answer = await sender.SendAsync(copied, cancellationToken);
        }

        return answer;
    }

    /// <summary>Requests an action whose answer nobody is left to hear.</summary>
    public async ValueTask FetchUnheardAsync(Continuation from, IEnumerable<KeyValuePair<string, string>> extra, CancellationToken cancellationToken)
    {
        if (await FetchAsync(WebhookKind.Action, from, extra, cancellationToken) is { Failure: { } failure })
            Complain(failure.Code, failure.Message, from.Url.Text);
    }

    public string RecordingUrl(string recordingSid) =>
        $"{Plan.ApiBaseUrl.TrimEnd('/')}/2010-04-01/Accounts/{Plan.AccountSid}/Recordings/{recordingSid}";

    private async Task RunNextAsync(CancellationToken cancellationToken)
    {
        var next = pending.OrderBy(work => work.Due).ThenBy(work => work.Order).First();
        pending.Remove(next);
        Clock.AdvanceTo(next.Due);
        await next.Run(cancellationToken);
    }

    private async Task DeliverAsync(Webhook webhook, CancellationToken cancellationToken)
    {
        if (await sender.SendAsync(webhook, cancellationToken) is { Failure: { } failure })
            Complain(failure.Code, $"{webhook.Kind} callback: {failure.Message}", webhook.Url);
    }

    private Webhook Compose(WebhookKind kind, WebhookUrl url, string method, IReadOnlyList<KeyValuePair<string, string>> parameters) =>
        new(kind, method, method == "GET" ? url.WithQuery(parameters).Text : url.Text, parameters, Ids.Token()) { Overrides = url.Overrides };
}
