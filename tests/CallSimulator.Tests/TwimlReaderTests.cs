using System.Text;
using KestrelVoice.CallSimulator.Twiml;
using KestrelVoice.CallSimulator.Webhooks;

namespace KestrelVoice.CallSimulator.Tests;

public sealed class TwimlReaderTests
{
    private static readonly WebhookUrl Document = WebhookUrl.Parse("https://voice.kestrel.example/voice/incoming?t=1#rc=2");

    public static TheoryData<string, int, string> Wrong => new()
    {
        { "not xml", 12100, "not XML" },
        { "<Response><Say>a</Response>", 12100, "not XML" },
        { "<!DOCTYPE x [<!ENTITY e 'x'>]><Response>&e;</Response>", 12100, "not XML" },
        { "<response/>", 12200, "root must be <Response>" },
        { "<Response version='1'/>", 12200, "unknown attribute version" },
        { "<Response>hello</Response>", 12200, "text \"hello\"" },
        { "<Response xmlns='urn:x'/>", 12200, "no namespaces" },
        { "<Response><say>a</say></Response>", 12200, "<say>: unknown verb" },
        { "<Response><Shout>a</Shout></Response>", 12200, "<Shout>: unknown verb" },
        { "<Response><Enqueue>q</Enqueue></Response>", 12200, "does not play" },
        { "<Response>\n  <Say Voice='alice'>a</Say></Response>", 12200, "line 2, column 8: <Say>: unknown attribute Voice" },
        { "<Response><Say voice='Bob'>a</Say></Response>", 12200, "voice \"Bob\"" },
        { "<Response><Say language='english'>a</Say></Response>", 12200, "language \"english\"" },
        { "<Response><Say> </Say></Response>", 12200, "nothing to say" },
        { "<Response><Say loop='-1'>a</Say></Response>", 12200, "loop=\"-1\"" },
        { "<Response><Say><Play>x</Play></Say></Response>", 12200, "SSML" },
        { "<Response><Say><break length='1'/>a</Say></Response>", 12200, "unknown attribute length" },
        { "<Response><Pause length='soon'/></Response>", 12200, "length=\"soon\"" },
        { "<Response><Pause>1</Pause></Response>", 12200, "text \"1\"" },
        { "<Response><Play/></Response>", 12200, "neither a URL nor digits" },
        { "<Response><Play digits='x'/></Response>", 12200, "digits \"x\"" },
        { "<Response><Gather><Gather/></Gather></Response>", 12200, "may not stand inside <Gather>" },
        { "<Response><Gather><Dial>+15035550110</Dial></Gather></Response>", 12200, "may not stand inside <Gather>" },
        { "<Response><Gather input='dtmf,speech'/></Response>", 12200, "joined by blanks" },
        { "<Response><Gather numDigits='0'/></Response>", 12200, "numDigits=\"0\"" },
        { "<Response><Gather finishOnKey='##'/></Response>", 12200, "more than one key" },
        { "<Response><Gather speechTimeout='0'/></Response>", 12200, "speechTimeout \"0\"" },
        { "<Response><Gather speechModel='phone_call' speechTimeout='auto'/></Response>", 12200, "needs a speechTimeout" },
        { "<Response><Gather speechModel='mine' speechTimeout='2'/></Response>", 12200, "speechModel \"mine\"" },
        { "<Response><Gather method='post'/></Response>", 12200, "method=\"post\"" },
        { "<Response><Gather actionOnEmptyResult='yes'/></Response>", 12200, "neither true nor false" },
        { "<Response><Gather partialResultCallback='/p'/></Response>", 12200, "does not play" },
        { "<Response><Gather action='ftp://x/y'/></Response>", 11100, "not an absolute http or https URL" },
        { "<Response><Gather action='https://my_host/x'/></Response>", 11100, "underscore" },
        { "<Response><Gather action='/x#rc=9'/></Response>", 11100, "rc=9" },
        { "<Response><Gather action='/x#retry=1'/></Response>", 11100, "retry=1" },
        { "<Response><Record transcribe='true'/></Response>", 12200, "does not play" },
        { "<Response><Record maxLength='0'/></Response>", 12200, "maxLength=\"0\"" },
        { "<Response><Record recordingStatusCallbackEvent='done'/></Response>", 12200, "recordingStatusCallbackEvent=\"done\"" },
        { "<Response><Record><Say>a</Say></Record></Response>", 12200, "may not stand inside <Record>" },
        { "<Response><Dial/></Response>", 12200, "phone number \"\"" },
        { "<Response><Dial>somebody</Dial></Response>", 12200, "phone number \"somebody\"" },
        { "<Response><Dial timeout='4'>+15035550110</Dial></Response>", 12200, "timeout=\"4\"" },
        { "<Response><Dial>+15035550110<Number>+15035550120</Number></Dial></Response>", 12200, "text \"+15035550110\"" },
        { "<Response><Dial><number>+15035550110</number></Dial></Response>", 12200, "unknown noun in <Dial>" },
        { "<Response><Dial><Client>a</Client></Dial></Response>", 12200, "does not play" },
        { "<Response><Dial><Number statuscallback='/x'>+15035550110</Number></Dial></Response>", 12200, "unknown attribute statuscallback" },
        { "<Response><Dial record='yes'>+15035550110</Dial></Response>", 12200, "record=\"yes\"" },
        { "<Response><Hangup reason='x'/></Response>", 12200, "unknown attribute reason" },
        { "<Response><Reject reason='away'/></Response>", 12200, "reason=\"away\"" },
        { "<Response><Say>a</Say><Reject/></Response>", 12200, "must be the first verb" },
        { "<Response><Start/></Response>", 12200, "exactly one noun" },
        { "<Response><Start><Stream url='wss://x'/></Start></Response>", 12200, "does not play" },
        { "<Response><Start><Recording recordingStatusCallback='/recording'/></Start></Response>", 12200, "must be an absolute URL" },
        { "<Response><Start><Recording track='all'/></Start></Response>", 12200, "track=\"all\"" },
        { "<Response><Redirect>http://</Redirect></Response>", 11100, "is not a URL" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_Twilio_does_not_know_is_refused_with_its_place(string twiml, int code, string message)
    {
        var exception = Should.Throw<TwimlException>(() => Read(twiml));

        exception.Code.ShouldBe(code, exception.Message);
        exception.Message.ShouldContain(message);
        exception.Message.ShouldContain("https://voice.kestrel.example/voice/incoming?t=1 line");
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/json")]
    [InlineData(null)]
    public void What_is_not_served_as_XML_is_refused(string? contentType) =>
        Should.Throw<TwimlException>(() => TwimlReader.Read(Document, contentType, "<Response/>"u8.ToArray())).Code.ShouldBe(12300);

    [Fact]
    public void Comments_prolog_and_SSML_are_fine()
    {
        var document = Read(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <Response><!-- hello -->
              <Say voice="Polly.Joanna-Neural" language="en-US">Dial <say-as interpret-as="telephone">911</say-as><break time="1s"/>
                now.</Say>
            </Response>
            """);

        document.Verbs.ShouldHaveSingleItem().ShouldBeOfType<Say>().Text.ShouldBe("Dial 911 now.");
    }

    [Theory]
    [InlineData("turn", "https://voice.kestrel.example/voice/turn")]
    [InlineData("/turn?a=1&amp;b=2", "https://voice.kestrel.example/turn?a=1&b=2")]
    [InlineData("https://other.example/x#rc=4", "https://other.example/x")]
    [InlineData("", "https://voice.kestrel.example/voice/incoming?t=1")]
    public void URLs_resolve_against_their_document_and_lose_their_fragment(string action, string expected) =>
        Read($"<Response><Gather action=\"{action}\"/></Response>").Verbs.ShouldHaveSingleItem().ShouldBeOfType<Gather>().Action.Url.Text.ShouldBe(expected);

    [Fact]
    public void Defaults_are_those_of_Twilio()
    {
        var gather = (Gather)Read("<Response><Gather/></Response>").Verbs[0];
        (gather.Speech, gather.Keys, gather.Timeout, gather.FinishOnKey, gather.NumDigits, gather.BargeIn, gather.ActionOnEmptyResult)
            .ShouldBe((false, true, 5, "#", null, true, false));

        var record = (Twiml.Record)Read("<Response><Record/></Response>").Verbs[0];
        (record.Timeout, record.MaxLength, record.FinishOnKey, record.PlayBeep, record.RecordingCallback).ShouldBe((5, 3600, "1234567890*#", true, null));

        var dial = (Dial)Read("<Response><Dial>+15035550110</Dial></Response>").Verbs[0];
        (dial.Timeout, dial.TimeLimit, dial.AnswerOnBridge, dial.Action, dial.RecordedChannels).ShouldBe((30, 14_400, false, null, 0));
    }

    private static TwimlDocument Read(string twiml) => TwimlReader.Read(Document, "application/xml", Encoding.UTF8.GetBytes(twiml));
}
