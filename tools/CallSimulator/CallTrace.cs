using KestrelVoice.CallSimulator.Webhooks;

namespace KestrelVoice.CallSimulator;

/// <summary>Something that happened in a simulated call.</summary>
/// <param name="At">Simulated time.</param>
public abstract record TraceEntry(DateTimeOffset At);

/// <summary>One attempt to deliver a webhook.</summary>
/// <param name="Webhook">What was sent.</param>
/// <param name="Attempt">From 1; higher for retries.</param>
/// <param name="StatusCode">The answer; null when there was none.</param>
/// <param name="Failure">Why it did not count as delivered.</param>
/// <param name="Body">The answer's text, when it was delivered.</param>
/// <param name="Elapsed">Real time it took.</param>
public sealed record WebhookSent(
    DateTimeOffset At, Webhook Webhook, int Attempt, int? StatusCode, string? Failure, string? Body, TimeSpan Elapsed) : TraceEntry(At);

/// <summary>A verb began.</summary>
/// <param name="Verb">Its element's name.</param>
/// <param name="Document">The URL its document came from.</param>
/// <param name="Line">Where in the document.</param>
public sealed record VerbPlayed(DateTimeOffset At, string Verb, string Document, int Line) : TraceEntry(At);

/// <summary>The caller heard something.</summary>
/// <param name="Text">The words; for a file its URL.</param>
/// <param name="Interrupted">Whether the caller cut it short.</param>
public sealed record CallerHeard(DateTimeOffset At, string Text, bool Interrupted) : TraceEntry(At);

/// <summary>The caller did something.</summary>
/// <param name="Act"><c>said</c>, <c>pressed</c>, <c>silent</c>, <c>recorded</c> or <c>hung up</c>.</param>
/// <param name="Detail">The words, the keys, the seconds.</param>
/// <param name="Used">False when nobody was listening for it.</param>
public sealed record CallerActed(DateTimeOffset At, string Act, string Detail, bool Used = true) : TraceEntry(At);

/// <summary>A phone was dialled.</summary>
/// <param name="Number">Whose.</param>
/// <param name="Status">How it went: <c>completed</c>, <c>busy</c>, <c>no-answer</c>, <c>failed</c>, <c>canceled</c>.</param>
/// <param name="Seconds">How long they talked.</param>
public sealed record PhoneDialled(DateTimeOffset At, string Number, string Status, int Seconds) : TraceEntry(At);

/// <summary>A recording came to be.</summary>
/// <param name="Sid"><c>RE</c> + 32 hex.</param>
/// <param name="Source">Twilio's <c>RecordingSource</c>.</param>
/// <param name="Seconds">Its length.</param>
public sealed record RecordingMade(DateTimeOffset At, string Sid, string Source, int Seconds) : TraceEntry(At);

/// <summary>What Twilio would have put into its debugger.</summary>
/// <param name="Code">Twilio's error number.</param>
/// <param name="Message">What, and where.</param>
/// <param name="Url">The URL at fault.</param>
public sealed record CallProblem(DateTimeOffset At, int Code, string Message, string Url) : TraceEntry(At);

/// <summary>The call ended.</summary>
/// <param name="Status">Twilio's terminal status.</param>
/// <param name="Seconds">From answer to end.</param>
/// <param name="By"><c>caller</c>, <c>receptionist</c> or <c>twilio</c>.</param>
public sealed record CallOver(DateTimeOffset At, string Status, int Seconds, string By) : TraceEntry(At);

/// <summary>A whole simulated call.</summary>
/// <param name="CallSid">Its id at Twilio.</param>
/// <param name="Seed">What it was derived from.</param>
/// <param name="Entries">All that happened, in order.</param>
public sealed record CallTrace(string CallSid, long Seed, IReadOnlyList<TraceEntry> Entries)
{
    /// <summary>The terminal status.</summary>
    public string Status => Entries.OfType<CallOver>().Last().Status;

    /// <summary>Seconds from answer to end.</summary>
    public int Seconds => Entries.OfType<CallOver>().Last().Seconds;

    /// <summary>Everything the caller heard.</summary>
    public IEnumerable<string> Heard => Entries.OfType<CallerHeard>().Select(entry => entry.Text);

    /// <summary>Webhooks in the order first sent, without retries and repeats.</summary>
    public IEnumerable<Webhook> Webhooks => Entries.OfType<WebhookSent>().Select(entry => entry.Webhook).Distinct();

    /// <summary>Names of the verbs, in the order played.</summary>
    public IEnumerable<string> Verbs => Entries.OfType<VerbPlayed>().Select(entry => entry.Verb);

    /// <summary>Phones dialled.</summary>
    public IEnumerable<PhoneDialled> Dials => Entries.OfType<PhoneDialled>();

    /// <summary>Recordings made.</summary>
    public IEnumerable<RecordingMade> Recordings => Entries.OfType<RecordingMade>();

    /// <summary>Everything that Twilio would complain about; empty for a good call.</summary>
    public IEnumerable<CallProblem> Problems => Entries.OfType<CallProblem>();

    /// <summary>Whether the status callback at the end of the call was taken with a 2xx.</summary>
    public bool StatusDelivered => Entries.OfType<WebhookSent>().Any(sent => sent is { Webhook.Kind: WebhookKind.CallStatus, Failure: null });

    /// <summary>Fails loudly when Twilio would have complained about anything.</summary>
    /// <exception cref="InvalidOperationException">Lists the problems.</exception>
    public CallTrace WithoutProblems() => Problems.Any()
        ? throw new InvalidOperationException(string.Join('\n', Problems.Select(problem => $"{problem.Code} {problem.Message}")))
        : this;
}
