namespace KestrelVoice.Features.Summaries.Engines;

/// <summary>Why an engine gave no answer that could be used. The words are part of the API.</summary>
internal static class EngineProblem
{
    /// <summary>It is not there, or says that it cannot answer now.</summary>
    public const string Unavailable = "unavailable";

    /// <summary>It does not want this request: a wrong key, model or address.</summary>
    public const string Refused = "refused";

    /// <summary>It took longer than one request may.</summary>
    public const string Timeout = "timeout";

    /// <summary>Its answer ended before it was complete.</summary>
    public const string Truncated = "truncated";

    /// <summary>Its answer is not of the shape that was asked for, or cites what was not said.</summary>
    public const string InvalidAnswer = "invalid_answer";

    /// <summary>The summary as a whole took too long to go on asking.</summary>
    public const string TimeLimit = "time_limit";
}

/// <summary>An engine gave no answer that could be used. Says nothing of what it was asked.</summary>
internal sealed class EngineException(string problem) : Exception("The engine failed: " + problem + ".")
{
    public string Problem { get; } = problem;
}
