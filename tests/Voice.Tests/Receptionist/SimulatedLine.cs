using System.Xml.Linq;
using KestrelVoice.Contracts;
using KestrelVoice.Voice.Calls;
using KestrelVoice.Voice.Receptionist;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace KestrelVoice.Voice.Tests.Receptionist;

/// <summary>Plays the telephone network for the pure part: walks from one document to the next by the URLs that the document names.</summary>
internal sealed class SimulatedLine
{
    public const string CallSid = "CA11112222333344445555666677778888";

    // Monday, 10:00 in Los Angeles.
    public static readonly DateTimeOffset Started = new(2026, 1, 12, 18, 0, 0, TimeSpan.Zero);

    private readonly Line _line;
    private readonly Calendar _calendar;
    private DateTimeOffset _now = Started;

    public SimulatedLine(RoutingSettings? settings, Calendar? calendar = null, string from = Tenant.Caller)
    {
        _calendar = calendar ?? new Calendar();
        var call = new CallHeader(CallSid, "AC00001111222233334444555566667777", settings?.TenantId, from, Tenant.Number, "inbound", Started);
        _line = new Line(call, settings, "https://voice.example", "sealed-parties");
        Take(() => Conversation.Open(_line, _now, forwardedFrom: null));
    }

    public List<CallEvent> Events { get; } = [];

    public List<XElement> Documents { get; } = [];

    public XElement Document => Documents[^1];

    public XElement? Gather => Document.Element("Gather");

    public XElement? Dial => Document.Element("Dial");

    public XElement? Record => Document.Element("Record");

    public bool IsOver => Gather is null && Dial is null && Record is null;

    public IReadOnlyList<string> Said => [.. Events.OfType<TurnSpoken>().Where(turn => turn.Speaker == Speaker.Receptionist).Select(turn => turn.Text)];

    public string LastSaid => Said[^1];

    public SimulatedLine Says(string speech) => Hears(CallerInput.Of(null, speech, 0.9));

    public SimulatedLine Presses(string keys) => Hears(CallerInput.Of(keys, null, null));

    public SimulatedLine KeepsSilent() => Hears(CallerInput.Silence);

    public SimulatedLine Hears(CallerInput input, bool hangsUp = false)
    {
        var position = PositionIn(Gather!.Attribute("action")!);
        var answer = Conversation.ErrandOf(_line, position, input) is { } errand ? _calendar.Run(errand) : null;
        return Take(() => Conversation.Hear(_line, position, input, answer, hangsUp, _now));
    }

    public SimulatedLine DialEnds(string result, bool bridged = false, int seconds = 0, bool hangsUp = false)
    {
        var position = PositionIn(Dial!.Attribute("action")!);
        return Take(() => Conversation.AfterDial(_line, position, result, bridged, seconds, hangsUp, _now));
    }

    public SimulatedLine LeavesVoicemail(int seconds, bool hangsUp = false)
    {
        var position = PositionIn(Record!.Attribute("action")!);
        return Take(() => Conversation.AfterVoicemail(_line, position, "RE11112222333344445555666677778888", seconds, hangsUp, _now));
    }

    public static CallPosition PositionIn(XAttribute url) =>
        CallPosition.Read(new QueryCollection(QueryHelpers.ParseQuery(new Uri(url.Value).Query))).ShouldNotBeNull();

    private SimulatedLine Take(Func<Reply> answer)
    {
        _now = _now.AddSeconds(7);
        var reply = answer();
        var repeated = answer();
        repeated.Events.ShouldBe(reply.Events);
        repeated.Document.ToString().ShouldBe(reply.Document.ToString());

        Events.AddRange(reply.Events);
        Documents.Add(XDocument.Parse(reply.Document.ToString()).Root!);
        return this;
    }
}
