namespace KestrelVoice.Features.Summaries.Engines;

/// <summary>The offline engine, which is always there, and the model, when one is configured.</summary>
internal sealed record SummaryEngines(SummaryEngine Offline, SummaryEngine? Model)
{
    public const string OfflineName = "offline";
    public const string ModelName = "openai-compatible";

    /// <summary>Null when the model is asked for and there is none, since a restart perhaps.</summary>
    public SummaryEngine? Choose(bool offline) => offline ? Offline : Model;
}
