namespace KestrelVoice.LocalDapr;

/// <summary>LocalDapr will not start: something it was given is wrong, or asks for a feature it does not emulate.</summary>
public sealed class LocalDaprRefusedException : Exception
{
    /// <summary>Refuses with a reason that names where to look.</summary>
    public LocalDaprRefusedException(string message)
        : base(message)
    {
    }

    /// <summary>Refuses because of another failure.</summary>
    public LocalDaprRefusedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Needed by tools that construct exceptions by reflection; gives no reason.</summary>
    public LocalDaprRefusedException()
    {
    }
}
