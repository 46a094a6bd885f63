using KestrelVoice.CallSimulator.Twiml;
using KestrelVoice.CallSimulator.Webhooks;

namespace KestrelVoice.CallSimulator.Verbs;

/// <summary>What comes after a verb.</summary>
internal abstract record Flow
{
    /// <summary>The next verb of the document.</summary>
    public sealed record Next : Flow;

    /// <summary>Another document.</summary>
    public sealed record Fetch(WebhookKind Kind, Continuation From, IReadOnlyList<KeyValuePair<string, string>> Extra) : Flow;

    /// <summary>The line is dead.</summary>
    public sealed record Over : Flow;

    public static Flow Go { get; } = new Next();

    public static Flow Dead { get; } = new Over();
}
