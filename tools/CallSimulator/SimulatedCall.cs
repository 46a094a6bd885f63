using KestrelVoice.CallSimulator.Callers;
using KestrelVoice.CallSimulator.Recordings;
using KestrelVoice.CallSimulator.Twiml;
using KestrelVoice.CallSimulator.Verbs;
using KestrelVoice.CallSimulator.Webhooks;

namespace KestrelVoice.CallSimulator;

/// <summary>
/// Plays Twilio for one call: sends the webhooks, interprets the TwiML, lets the caller act. Cheap enough to run by the thousand at once; only HTTP takes
/// real time.
/// </summary>
/// <param name="http">From <see cref="WebhookHttp.CreateClient"/>, or any client without cookies and redirects of its own; shared by all calls.</param>
/// <param name="plan">The number and who calls it.</param>
/// <param name="caller">What the caller does.</param>
public sealed class SimulatedCall(HttpClient http, CallPlan plan, Caller caller)
{
    private const int MostDocuments = 200;
    private static readonly TimeSpan LongestCall = TimeSpan.FromHours(4);
    private readonly CallSession call = new(plan, caller, http);

    /// <summary>The call's id at Twilio.</summary>
    public string CallSid => call.CallSid;

    /// <summary>Runs the call to its end, callbacks included. A call that goes wrong ends too: see <see cref="CallTrace.Problems"/>.</summary>
    public async Task<CallTrace> RunAsync(CancellationToken cancellationToken)
    {
        await call.KeepAsync(cancellationToken);
        Flow flow = new Flow.Fetch(WebhookKind.Incoming, new Continuation(WebhookUrl.Parse(plan.VoiceUrl), "POST"), []);
        for (var documents = 0; flow is Flow.Fetch fetch; documents++)
        {
            if (documents == MostDocuments || call.Clock.GetUtcNow() - plan.StartsAt > LongestCall)
            {
                call.Complain(11200, $"{fetch.From.Url}: the call goes in circles: {documents} documents so far", fetch.From.Url.Text);
                break;
            }

            flow = await FetchAsync(fetch, cancellationToken) is { } document ? await PlayAsync(document, cancellationToken) : Flow.Dead;
        }

        await call.EndAsync("receptionist", null, cancellationToken);
        call.RunningRecordings.ForEach(recording => recording.Finish());
        call.Enqueue(
            WebhookKind.CallStatus, StatusCallback(), call.Parameters.Ended(call.Status, call.Seconds, call.Clock.GetUtcNow()), TimeSpan.FromMilliseconds(200));
        await call.DrainAsync(cancellationToken);
        return new CallTrace(call.CallSid, plan.Seed, call.Entries);
    }

    private Callback StatusCallback()
    {
        var url = plan.StatusCallbackUrl ?? WebhookUrl.Parse(plan.VoiceUrl).Resolve("status").Text + CallPlan.RecommendedOverrides;
        return new Callback(WebhookUrl.Parse(url), "POST", ["completed"]);
    }

    private async Task<TwimlDocument?> FetchAsync(Flow.Fetch fetch, CancellationToken cancellationToken)
    {
        var (document, failure) = await TryFetchAsync(fetch, cancellationToken);
        if (document is not null)
            return document;
        if (plan.FallbackUrl is { } fallback && fetch.Kind != WebhookKind.Fallback)
        {
            var instead = new Flow.Fetch(
                WebhookKind.Fallback, new Continuation(WebhookUrl.Parse(fallback), "POST"),
                [new("ErrorCode", CallParameters.Number(failure!.Code)), new("ErrorUrl", fetch.From.Url.Text)]);
            return await FetchAsync(instead, cancellationToken);
        }

        await call.AnswerAsync(cancellationToken);
        call.Add(new CallerHeard(call.Clock.GetUtcNow(), "We are sorry, an application error has occurred. Goodbye.", Interrupted: false));
        await call.PassAsync(TimeSpan.FromSeconds(4), cancellationToken);
        await call.EndAsync("twilio", null, cancellationToken);
        return null;
    }

    private async Task<(TwimlDocument?, WebhookFailure?)> TryFetchAsync(Flow.Fetch fetch, CancellationToken cancellationToken)
    {
        var (response, failure) = await call.FetchAsync(fetch.Kind, fetch.From, fetch.Extra, cancellationToken);
        if (response is not null)
        {
            try
            {
                return (TwimlReader.Read(response.Url, response.ContentType, response.Body), null);
            }
            catch (TwimlException exception)
            {
                failure = new WebhookFailure(exception.Code, null, exception.Message);
            }
        }

        call.Complain(failure!.Code, failure.Message, fetch.From.Url.Text);
        return (null, failure);
    }

    private async Task<Flow> PlayAsync(TwimlDocument document, CancellationToken cancellationToken)
    {
        foreach (var verb in document.Verbs)
        {
            call.Add(new VerbPlayed(call.Clock.GetUtcNow(), verb.Name, document.Url.Text, verb.Line));
            var flow = await PlayAsync(verb, cancellationToken);
            if (flow is not Flow.Next)
                return flow;
        }

        await call.EndAsync("receptionist", null, cancellationToken);
        return Flow.Dead;
    }

    private async Task<Flow> PlayAsync(Verb verb, CancellationToken cancellationToken)
    {
        // A first Pause lets it ring on, and the verbs that lead elsewhere do not pick up either.
        if (verb is not (Pause or Redirect or Reject or Hangup or Dial))
            await call.AnswerAsync(cancellationToken);
        var prompts = new Prompts(call);
        switch (verb)
        {
            case Gather gather:
                return await new GatherVerb(call, prompts).PlayAsync(gather, cancellationToken);
            case Record record:
                return await new RecordVerb(call).PlayAsync(record, cancellationToken);
            case Dial dial:
                return await new DialVerb(call).PlayAsync(dial, cancellationToken);
            case Redirect redirect:
                return new Flow.Fetch(WebhookKind.Redirect, redirect.To, []);
            case StartRecording start:
                return Start(start);
            case Hangup:
                await call.EndAsync("receptionist", null, cancellationToken);
                return Flow.Dead;
            case Reject reject:
                return await RejectAsync(reject, cancellationToken);
            default:
                return await HearAsync(prompts, verb, cancellationToken);
        }
    }

    private async Task<Flow> RejectAsync(Reject reject, CancellationToken cancellationToken)
    {
        if (call.Answered)
            call.Complain(12200, "<Reject> of a call that is already answered", plan.VoiceUrl);
        await call.EndAsync("receptionist", call.Answered ? null : reject.Reason == "busy" ? "busy" : "no-answer", cancellationToken);
        return Flow.Dead;
    }

    private Flow Start(StartRecording start)
    {
        var recording = new RunningRecording(call, "StartCallRecordingTwiML", start.Channels, start.Track, start.RecordingCallback);
        recording.Begin();
        call.RunningRecordings.Add(recording);
        return Flow.Go;
    }

    private async Task<Flow> HearAsync(Prompts prompts, Verb verb, CancellationToken cancellationToken)
    {
        var move = await prompts.PlayAsync(verb, asked: false, cancellationToken);
        if (move is not CallerMove.HangUp)
            return Flow.Go;
        await call.EndAsync("caller", null, cancellationToken);
        return Flow.Dead;
    }
}
