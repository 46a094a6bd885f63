using System.Text;
using System.Xml.Linq;
using KestrelVoice.Voice.Twilio;

namespace KestrelVoice.Voice.Tests.Twilio;

public sealed class TwiMLTests
{
    private static readonly Uri Next = new("https://voice.example/voice/turn?n=1&t=2&note=O'Brien%20%26%20co#rc=3&rp=ct,rt,5xx");

    public static TheoryData<string> Texts =>
    [
        "plain", "  spaces kept  ", "O\u2019Brien & <sons> \"quoted\" 'too' ]]> &amp;", "tab\tand\nline", "café 🚰 日本語 \u200F", "", "\u00A0\u2028", "a\r\nb\rc",
    ];

    [Fact]
    public async Task Documents_equal_those_of_the_stock_library()
    {
        var ours = Documents().Select(document => XDocument.Parse(document.ToString()).Root!).ToArray();

        var theirs = await TwilioOracle.AskAsync(ours.Select(TwilioOracle.Rebuild), TestContext.Current.CancellationToken);

        ours.Length.ShouldBeGreaterThan(10);
        for (var i = 0; i < ours.Length; i++)
            TwilioOracle.Canonical(ours[i]).ShouldBe(TwilioOracle.Canonical(XDocument.Parse(theirs[i].GetString()!).Root!));
    }

    [Theory, MemberData(nameof(Texts))]
    public void Text_arrives_as_it_was_said(string text)
    {
        var document = XDocument.Parse(new VoiceResponse().Say(text, voice: text).ToString(), LoadOptions.PreserveWhitespace);

        var expected = text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        document.Root!.Element("Say")!.Value.ShouldBe(expected);
        document.Root!.Element("Say")!.Attribute("voice")!.Value.ShouldBe(expected);
    }

    [Theory]
    [InlineData("a\0b\u0001\u0008c", "abc")]
    [InlineData("no \uFFFE character \uFFFF at all", "no  character  at all")]
    public void What_XML_cannot_carry_is_dropped_instead_of_failing_the_call(string text, string said) =>
        XDocument.Parse(new VoiceResponse().Say(text).ToString()).Root!.Element("Say")!.Value.ShouldBe(said);

    // Not as inline data: attributes are stored as UTF-8, which has no lone surrogates.
    [Fact]
    public void Half_characters_are_dropped_too()
    {
        SpokenText.Clean("lone \uD800 high and \uDC00 low").ShouldBe("lone  high and  low");
        SpokenText.Clean("ends high \uD83D").ShouldBe("ends high ");
    }

    [Fact]
    public void It_is_UTF8_without_a_byte_order_mark_on_one_line()
    {
        var body = new VoiceResponse().Say("café").Pause().Hangup().ToUtf8();

        Encoding.UTF8.GetString(body).ShouldBe("<?xml version=\"1.0\" encoding=\"utf-8\"?><Response><Say>café</Say><Pause /><Hangup /></Response>");
    }

    [Fact]
    public void A_URL_keeps_every_character_and_escapes_its_ampersands()
    {
        var xml = new VoiceResponse().Append(new Gather(action: Next)).ToString();

        xml.ShouldContain("?n=1&amp;t=2&amp;note=O'Brien%20%26%20co#rc=3&amp;rp=ct,rt,5xx");
    }

    [Fact]
    public void A_cut_text_never_ends_in_half_a_character()
    {
        SpokenText.Clean("ab🚰", 3).ShouldBe("ab");
        SpokenText.Clean("ab🚰", 4).ShouldBe("ab🚰");
    }

    private static IEnumerable<VoiceResponse> Documents()
    {
        yield return new VoiceResponse();
        yield return new VoiceResponse().Reject();
        yield return new VoiceResponse().Reject("busy");
        yield return new VoiceResponse().Pause().Pause(2).Redirect(Next).Redirect(Next, "POST");
        yield return new VoiceResponse().Append(new Start().Recording()).Append(
            new Start().Recording(Next, "POST", ["in-progress", "completed", "absent"], track: "both", channels: "dual"));
        yield return new VoiceResponse().Append(new Gather());
        yield return new VoiceResponse().Append(new Gather(
            input: ["speech", "dtmf"], action: Next, method: "POST", timeout: 5, speechTimeout: "auto", numDigits: 1, finishOnKey: "", language: "en-US",
            hints: "gas leak,burst pipe", profanityFilter: false, bargeIn: true, actionOnEmptyResult: true).Say("Speak", "Polly.Joanna-Neural", "en-US"));
        yield return new VoiceResponse().Append(new Voice.Twilio.Record());
        yield return new VoiceResponse().Append(new Voice.Twilio.Record(
            action: Next, method: "POST", timeout: 5, finishOnKey: "#", maxLength: 120, playBeep: true,
            recordingStatusCallback: Next, recordingStatusCallbackMethod: "POST", recordingStatusCallbackEvent: ["completed", "absent"]));
        yield return new VoiceResponse().Append(new Dial().Number("+15035550110"));
        yield return new VoiceResponse().Append(
            new Dial(action: Next, method: "POST", timeout: 20, callerId: "+15035550100", answerOnBridge: true).Number("+15035550110").Number("+15035550120"));
        foreach (var text in Texts)
            yield return new VoiceResponse().Say(text.Data).Hangup();
    }
}
