namespace KestrelVoice.GoogleStandIn;

/// <summary>Google says no, in the body of its calendar API.</summary>
internal sealed class RefusalException(int status, string reason, string message) : Exception(message)
{
    public int Status => status;

    public string Reason => reason;

    /// <summary>Seconds that whoever asks is to wait.</summary>
    public int? RetryAfter { get; init; }

    public static RefusalException NotFound() => new(404, "notFound", "Not Found");
}
