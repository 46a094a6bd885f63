using KestrelVoice.Contracts;
using KestrelVoice.Voice.Calls;
using KestrelVoice.Voice.Twilio;

namespace KestrelVoice.Voice.Receptionist;

/// <summary>A decision as TwiML, with every URL that Twilio is to call next.</summary>
internal static class Stage
{
    private const string Post = "POST";
    private const string EnglishUs = "en-US";

    // A named voice must speak the language it is given, or the instruction fails.
    private const string EnglishUsVoice = "Polly.Joanna-Neural";

    private const int ListenSeconds = 6;
    private const int AfterHoursListenSeconds = 4;
    private const int VoicemailSilenceSeconds = 5;
    private const int VoicemailMaxSeconds = 120;
    private const int MinRingSeconds = 5;
    private const int MaxRingSeconds = 60;
    private const int MaxHints = 50;
    private const int MaxHintLength = 100;
    private static readonly string[] Listen = ["speech", "dtmf"];
    private static readonly string[] RecordingOutcomes = ["completed", "absent"];

    public static VoiceResponse Direct(Line line, CallPosition position, Decision decision)
    {
        var document = new VoiceResponse();
        if (decision.Greeting is { } greeting)
            document.Append(Words(line, greeting));
        // Behind the notice, once; it outlives the document.
        if (position.Block == 0 && line.Settings is { RecordCalls: true })
            document.Append(new Start().Recording(
                CallUrls.Recording(line.BaseUrl, RecordingKind.Call, position, line.SealedParties), Post, RecordingOutcomes, track: "both", channels: "dual"));

        var next = position with { Block = position.Block + 1 };
        return decision.Move switch
        {
            Move.Ask ask => document.Append(Question(line, next with { Progress = ask.Then }, ask.Text, ListenSeconds, answerSilence: true)),
            Move.AskThenVoicemail ask => Voicemail(
                document.Append(Question(line, next with { Progress = ask.Then }, ask.Text, AfterHoursListenSeconds, answerSilence: false)),
                line, position, next, Script.AfterHoursVoicemail, urgent: false),
            Move.PutThrough through => document.Append(Words(line, through.Text)).Append(Connection(line, next with { Target = through.Target }, through)),
            Move.TakeVoicemail voicemail => Voicemail(document, line, position, next, voicemail.Text, voicemail.Urgent),
            Move.HangUp { Text: { } goodbye } => document.Append(Words(line, goodbye)).Hangup(),
            _ => document.Hangup(),
        };
    }

    private static Gather Question(Line line, CallPosition next, string text, int listenSeconds, bool answerSilence) =>
        new Gather(
            input: Listen, action: CallUrls.Turn(line.BaseUrl, next), method: Post, timeout: listenSeconds, speechTimeout: "auto", numDigits: 1,
            language: LanguageOf(line), hints: HintsOf(line.Settings), profanityFilter: false, actionOnEmptyResult: answerSilence)
        .Say(text, VoiceOf(line), LanguageOf(line));

    private static Dial Connection(Line line, CallPosition next, Move.PutThrough through) =>
        new Dial(
            action: CallUrls.Dialed(line.BaseUrl, next), method: Post, timeout: Math.Clamp(through.RingSeconds, MinRingSeconds, MaxRingSeconds),
            callerId: PhoneNumber.IsE164(line.Call.To) ? line.Call.To : null, answerOnBridge: true)
        .Number(through.Number);

    private static VoiceResponse Voicemail(VoiceResponse document, Line line, CallPosition position, CallPosition next, string text, bool urgent) =>
        document
            .Append(Words(line, text))
            .Append(new Record(
                action: CallUrls.Recorded(line.BaseUrl, next with { Urgent = urgent }), method: Post, timeout: VoicemailSilenceSeconds,
                maxLength: VoicemailMaxSeconds, playBeep: true,
                recordingStatusCallback: CallUrls.Recording(line.BaseUrl, RecordingKind.Voicemail, position, line.SealedParties), recordingStatusCallbackMethod: Post,
                recordingStatusCallbackEvent: RecordingOutcomes))
            // Reached only when nothing was recorded.
            .Append(Words(line, Script.NothingRecorded))
            .Hangup();

    private static Say Words(Line line, string text) => new(text, VoiceOf(line), LanguageOf(line));

    private static string LanguageOf(Line line) => string.IsNullOrWhiteSpace(line.Settings?.Language) ? EnglishUs : line.Settings.Language;

    private static string? VoiceOf(Line line) => LanguageOf(line) == EnglishUs ? EnglishUsVoice : null;

    private static string? HintsOf(RoutingSettings? settings)
    {
        var hints = (settings?.EmergencyPhrases ?? [])
            .Select(phrase => SpokenText.Clean(phrase, MaxHintLength).Replace(',', ' ').Trim())
            .Where(phrase => phrase.Length > 0)
            .Take(MaxHints)
            .ToArray();
        return hints.Length == 0 ? null : string.Join(',', hints);
    }
}
