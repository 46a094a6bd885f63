using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using KestrelVoice.CallSimulator.Webhooks;

namespace KestrelVoice.CallSimulator.Twiml;

/// <summary>
/// Reads TwiML more strictly than Twilio, which ignores what it does not know: a misspelt attribute must not wait for a real call to be found.
/// </summary>
internal static partial class TwimlReader
{
    private static readonly string[] Unplayed =
        ["Connect", "Enqueue", "Leave", "Pay", "Prompt", "Queue", "Refer", "Sms", "Stop", "Message"];

    private static readonly string[] RecordingEvents = ["completed", "in-progress", "absent"];

    /// <exception cref="TwimlException">What is wrong, and where.</exception>
    public static TwimlDocument Read(WebhookUrl url, string? contentType, byte[] body)
    {
        if (contentType is not ("text/xml" or "application/xml" or "text/html"))
            throw new TwimlException(12300, $"{url}: content type {contentType ?? "(none)"} is not XML");

        var root = Parse(url, body);
        var response = new TwimlElement(root, url);
        if (response.Name != "Response")
            throw response.Wrong("the root must be <Response>");
        response.NoMoreAttributes();
        response.NoText();

        var verbs = response.Children.Select(ReadVerb).ToList();
        if (verbs.FindIndex(verb => verb is Reject) is > 0 and var misplaced)
            throw new TwimlException(12200, $"{url} line {verbs[misplaced].Line}: <Reject> must be the first verb");
        return new TwimlDocument(url, verbs);
    }

    private static XElement Parse(WebhookUrl url, byte[] body)
    {
        try
        {
            using var reader = XmlReader.Create(new MemoryStream(body), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            return XDocument.Load(reader, LoadOptions.SetLineInfo | LoadOptions.PreserveWhitespace).Root!;
        }
        catch (XmlException exception)
        {
            throw new TwimlException(12100, $"{url} line {exception.LineNumber}, column {exception.LinePosition}: not XML: {exception.Message}");
        }
    }

    private static Verb ReadVerb(TwimlElement element) => element.Name switch
    {
        "Say" => SayReader.Read(element),
        "Play" => ReadPlay(element),
        "Pause" => ReadPause(element),
        "Gather" => GatherReader.Read(element, ReadPrompt),
        "Record" => ReadRecord(element),
        "Dial" => ReadDial(element),
        "Redirect" => ReadRedirect(element),
        "Hangup" => ReadHangup(element),
        "Reject" => ReadReject(element),
        "Start" => ReadStart(element),
        _ when Unplayed.Contains(element.Name, StringComparer.Ordinal) => throw element.Wrong("a verb of Twilio's that the simulator does not play"),
        _ => throw element.Wrong("unknown verb (names are case-sensitive)"),
    };

    private static Verb ReadPrompt(TwimlElement element) => element.Name switch
    {
        "Say" => SayReader.Read(element),
        "Play" => ReadPlay(element),
        "Pause" => ReadPause(element),
        _ => throw element.Wrong("may not stand inside <Gather>, which takes Say, Play and Pause"),
    };

    private static Play ReadPlay(TwimlElement element)
    {
        var loop = element.Number("loop", 1, 0, 1000);
        var digits = element.Text("digits");
        element.NoMoreAttributes();
        element.NoChildren();
        if (digits is not null)
            element.Pattern("digits", digits, text => PlayableKeys.IsMatch(text), "made of 0-9 * # w W A-D");
        if (digits is null && element.Body.Length == 0)
            throw element.Wrong("neither a URL nor digits to play");
        return new Play(element.Name, element.Line, digits is null ? element.ContinuationInBody().Url.Text : null, digits, loop);
    }

    private static Pause ReadPause(TwimlElement element)
    {
        var seconds = element.Number("length", 1, 0, 3600);
        element.NoMoreAttributes();
        element.NoChildren();
        element.NoText();
        return new Pause(element.Name, element.Line, seconds);
    }

    private static Record ReadRecord(TwimlElement element)
    {
        var record = new Record(element.Name, element.Line)
        {
            Action = element.Continuation(),
            Timeout = element.Number("timeout", 5, 0, 14_400),
            MaxLength = element.Number("maxLength", 3600, 1, 14_400),
            FinishOnKey = element.Keys("finishOnKey", "1234567890*#"),
            PlayBeep = element.Flag("playBeep", true),
            RecordingCallback = element.Callback("recordingStatusCallback", absolute: false, RecordingEvents),
        };
        element.Choice("trim", "trim-silence", "trim-silence", "do-not-trim");
        if (element.Flag("transcribe", false))
            throw element.Wrong("transcribe is Twilio's, but the simulator does not play it");
        element.NoMoreAttributes("transcribeCallback", "recordingConfigurationId");
        element.NoChildren();
        element.NoText();
        return record;
    }

    private static Dial ReadDial(TwimlElement element)
    {
        var record = element.Choice("record", "do-not-record", "do-not-record", "false", "true", "record-from-answer", "record-from-ringing",
            "record-from-answer-dual", "record-from-ringing-dual");
        element.Choice("recordingTrack", "both", "inbound", "outbound", "both");
        element.Choice("trim", "do-not-trim", "trim-silence", "do-not-trim");
        element.Flag("hangupOnStar", false);
        element.Pattern("ringTone", element.Text("ringTone") ?? "us", text => RingTone.IsMatch(text), "a ring tone's country");
        var dial = new Dial(element.Name, element.Line)
        {
            Action = element.OptionalContinuation(),
            Timeout = element.Number("timeout", 30, 5, 600),
            TimeLimit = element.Number("timeLimit", 14_400, 1, 86_400),
            CallerId = element.Text("callerId"),
            AnswerOnBridge = element.Flag("answerOnBridge", false),
            Sequential = element.Flag("sequential", false),
            RecordedChannels = record switch { "do-not-record" or "false" => 0, _ when record.EndsWith("dual", StringComparison.Ordinal) => 2, _ => 1 },
            RecordingCallback = element.Callback("recordingStatusCallback", absolute: false, RecordingEvents),
            Numbers = ReadNumbers(element),
        };
        element.NoMoreAttributes("recordingConfigurationId", "referUrl", "referMethod", "events", "callReason");
        return dial;
    }

    private static List<DialledNumber> ReadNumbers(TwimlElement dial)
    {
        var nouns = dial.Children.ToList();
        if (nouns.Count == 0)
            return [new DialledNumber(PhoneNumber(dial), null)];

        dial.NoText();
        return nouns.Count > 10 ? throw dial.Wrong("more than 10 nouns") : [.. nouns.Select(ReadNumber)];
    }

    private static DialledNumber ReadNumber(TwimlElement noun)
    {
        if (noun.Name is "Client" or "Sip" or "Queue" or "Conference" or "Sim" or "Application")
            throw noun.Wrong("a noun of Twilio's that the simulator does not play");
        if (noun.Name != "Number")
            throw noun.Wrong("unknown noun in <Dial> (names are case-sensitive)");

        var callback = noun.Callback("statusCallback", absolute: false, "completed", "initiated", "ringing", "answered");
        noun.NoMoreAttributes("sendDigits", "url", "method", "byoc", "machineDetection", "machineDetectionTimeout", "machineDetectionSpeechThreshold",
            "machineDetectionSpeechEndThreshold", "machineDetectionSilenceTimeout", "amdStatusCallback", "amdStatusCallbackMethod");
        noun.NoChildren();
        return new DialledNumber(PhoneNumber(noun), callback);
    }

    private static string PhoneNumber(TwimlElement element) =>
        element.Pattern("phone number", element.Body, text => DialableNumber.IsMatch(text), "a number that can be dialled");

    private static Redirect ReadRedirect(TwimlElement element)
    {
        var to = element.ContinuationInBody();
        element.NoMoreAttributes();
        element.NoChildren();
        return new Redirect(element.Name, element.Line, to);
    }

    private static Hangup ReadHangup(TwimlElement element)
    {
        element.NoMoreAttributes();
        element.NoChildren();
        element.NoText();
        return new Hangup(element.Name, element.Line);
    }

    private static Reject ReadReject(TwimlElement element)
    {
        var reason = element.Choice("reason", "rejected", "rejected", "busy");
        element.NoMoreAttributes();
        element.NoChildren();
        element.NoText();
        return new Reject(element.Name, element.Line, reason);
    }

    private static StartRecording ReadStart(TwimlElement start)
    {
        start.NoMoreAttributes("action", "method");
        start.NoText();
        if (start.Children.ToList() is not [var noun])
            throw start.Wrong("takes exactly one noun");
        if (noun.Name is "Stream" or "Siprec" or "Transcription")
            throw noun.Wrong("a noun of Twilio's that the simulator does not play");
        if (noun.Name != "Recording")
            throw noun.Wrong("unknown noun in <Start> (names are case-sensitive)");

        var recording = new StartRecording(start.Name, noun.Line)
        {
            Channels = noun.Choice("channels", "dual", "mono", "dual") == "dual" ? 2 : 1,
            Track = noun.Choice("track", "both", "inbound", "outbound", "both"),
            RecordingCallback = noun.Callback("recordingStatusCallback", absolute: true, RecordingEvents),
        };
        noun.Choice("trim", "do-not-trim", "trim-silence", "do-not-trim");
        noun.NoMoreAttributes("recordingConfigurationId");
        noun.NoChildren();
        noun.NoText();
        return recording;
    }

    [GeneratedRegex("^[0-9*#wWA-D]+$")]
    private static partial Regex PlayableKeys { get; }

    [GeneratedRegex("^[a-z]{2}(-old)?$")]
    private static partial Regex RingTone { get; }

    [GeneratedRegex(@"^\+?[0-9][0-9 ().-]{1,24}$")]
    private static partial Regex DialableNumber { get; }
}
