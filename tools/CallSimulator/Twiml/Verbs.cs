using KestrelVoice.CallSimulator.Webhooks;

namespace KestrelVoice.CallSimulator.Twiml;

/// <summary>Where a verb's continuation is fetched.</summary>
internal sealed record Continuation(WebhookUrl Url, string Method);

/// <summary>A callback, and the events it is wanted for.</summary>
internal sealed record Callback(WebhookUrl Url, string Method, IReadOnlyList<string> Events)
{
    public bool Wants(string callbackEvent) => Events.Contains(callbackEvent);
}

/// <param name="Name">The element's name.</param>
/// <param name="Line">Where it stands in its document.</param>
internal abstract record Verb(string Name, int Line);

internal sealed record Say(string Name, int Line, string Text, int Loop) : Verb(Name, Line);

internal sealed record Play(string Name, int Line, string? Url, string? Digits, int Loop) : Verb(Name, Line);

internal sealed record Pause(string Name, int Line, int Seconds) : Verb(Name, Line);

internal sealed record Gather(string Name, int Line) : Verb(Name, Line)
{
    public required Continuation Action { get; init; }

    public required bool Speech { get; init; }

    public required bool Keys { get; init; }

    public required int Timeout { get; init; }

    /// <summary>Seconds of silence that end speech; null when Twilio decides by itself.</summary>
    public required int? SpeechTimeout { get; init; }

    public required int? NumDigits { get; init; }

    public required string FinishOnKey { get; init; }

    public required bool ActionOnEmptyResult { get; init; }

    public required bool BargeIn { get; init; }

    public required IReadOnlyList<Verb> Prompts { get; init; }
}

internal sealed record Record(string Name, int Line) : Verb(Name, Line)
{
    public required Continuation Action { get; init; }

    public required int Timeout { get; init; }

    public required int MaxLength { get; init; }

    public required string FinishOnKey { get; init; }

    public required bool PlayBeep { get; init; }

    public required Callback? RecordingCallback { get; init; }
}

internal sealed record Dial(string Name, int Line) : Verb(Name, Line)
{
    public required Continuation? Action { get; init; }

    public required int Timeout { get; init; }

    public required int TimeLimit { get; init; }

    public required string? CallerId { get; init; }

    public required bool AnswerOnBridge { get; init; }

    public required bool Sequential { get; init; }

    /// <summary>Channels of the conversation's recording; 0 makes none.</summary>
    public required int RecordedChannels { get; init; }

    public required Callback? RecordingCallback { get; init; }

    public required IReadOnlyList<DialledNumber> Numbers { get; init; }
}

internal sealed record DialledNumber(string Number, Callback? StatusCallback);

internal sealed record Redirect(string Name, int Line, Continuation To) : Verb(Name, Line);

internal sealed record Hangup(string Name, int Line) : Verb(Name, Line);

internal sealed record Reject(string Name, int Line, string Reason) : Verb(Name, Line);

internal sealed record StartRecording(string Name, int Line) : Verb(Name, Line)
{
    public required int Channels { get; init; }

    public required string Track { get; init; }

    public required Callback? RecordingCallback { get; init; }
}

/// <summary>A document, as fetched.</summary>
internal sealed record TwimlDocument(WebhookUrl Url, IReadOnlyList<Verb> Verbs);

/// <param name="code">Twilio's error number.</param>
/// <param name="message">What is wrong, and where.</param>
internal sealed class TwimlException(int code, string message) : Exception(message)
{
    public int Code { get; } = code;
}
