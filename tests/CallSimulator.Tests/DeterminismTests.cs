using KestrelVoice.CallSimulator.Callers;
using KestrelVoice.CallSimulator.Webhooks;

namespace KestrelVoice.CallSimulator.Tests;

public sealed class DeterminismTests
{
    [Fact]
    public async Task The_same_seed_makes_the_same_requests()
    {
        await using var app = await BusyAppAsync();

        var first = await RequestsAsync(app, seed: 11);
        var second = await RequestsAsync(app, seed: 11);
        var other = await RequestsAsync(app, seed: 12);

        first.Count.ShouldBeGreaterThan(3);
        second.ShouldBe(first);
        other[0].ShouldNotBe(first[0]);
    }

    [Fact]
    public async Task Many_random_calls_at_once_all_end_well_and_each_in_its_own_way()
    {
        await using var app = await BusyAppAsync();

        var traces = await Task.WhenAll(Enumerable.Range(0, 200).Select(seed => app.CallAsync(app.Plan(seed), new RandomCaller(seed))));

        traces.ShouldAllBe(trace => !trace.Problems.Any() && trace.StatusDelivered);
        traces.Select(trace => trace.CallSid).Distinct().Count().ShouldBe(200);
        traces.Select(trace => string.Join(',', trace.Verbs)).Distinct().Count().ShouldBeGreaterThan(10);
        app.To("/voice/status").Select(request => request["CallSid"]).Distinct().Count().ShouldBe(200);
    }

    [Fact]
    public async Task Callbacks_can_be_doubled_dropped_and_overtaken()
    {
        await using var app = await BusyAppAsync();
        var plan = app.Plan() with
        {
            Faults = webhook => webhook.Kind switch
            {
                WebhookKind.CallStatus => new WebhookFault(Copies: 2, FreshTokens: true),
                WebhookKind.LegStatus when webhook["CallStatus"] == "ringing" => WebhookFault.Drop,
                WebhookKind.LegStatus when webhook["CallStatus"] == "initiated" => WebhookFault.Late(TimeSpan.FromMinutes(10)),
                WebhookKind.Action when webhook["Digits"] is not null => WebhookFault.Duplicate,
                _ => WebhookFault.None,
            },
        };

        var trace = await app.CallAsync(plan, new Scripts.ScriptedCaller(
            new Scripts.Step.Press("1"), new Scripts.Step.Dial(RingMove.Answered(10)), new Scripts.Step.Record(new Message(5, MessageEnd.HangUp))));

        trace.WithoutProblems();
        app.To("/turn").Count().ShouldBe(2);
        app.To("/turn").Select(request => request.Headers["I-Twilio-Idempotency-Token"]).Distinct().ShouldHaveSingleItem();
        app.To("/voice/status").Count().ShouldBe(2);
        app.To("/voice/status").Select(request => request.Headers["I-Twilio-Idempotency-Token"]).Distinct().Count().ShouldBe(2);
        app.To("/leg").Select(request => request["CallStatus"]).ShouldBe(["in-progress", "completed", "initiated"]);
    }

    private static async Task<List<string>> RequestsAsync(TwimlApp app, int seed)
    {
        var trace = await app.CallAsync(app.Plan(seed), new RandomCaller(seed: 3));
        return [.. trace.WithoutProblems().Webhooks.Select(webhook => webhook.ToString())];
    }

    private static async Task<TwimlApp> BusyAppAsync()
    {
        var app = await TwimlApp.StartAsync();
        return app
            .Answers("/voice/incoming", """<Response><Say>Hello.</Say><Gather input="speech dtmf" numDigits="1" action="/turn"><Say>Well?</Say></Gather><Redirect>/turn</Redirect></Response>""")
            .Answers("/turn", """<Response><Dial action="/dialed"><Number statusCallback="/leg" statusCallbackEvent="initiated ringing answered completed">+15035550110</Number></Dial></Response>""")
            .Answers("/dialed", """<Response><Record action="/recorded" recordingStatusCallback="/recording"/><Say>Nothing.</Say></Response>""")
            .Answers("/recorded", """<Response><Gather input="speech" action="/turn"/></Response>""")
            .Answers("/recording", "<Response/>")
            .Answers("/leg", "<Response/>");
    }
}
