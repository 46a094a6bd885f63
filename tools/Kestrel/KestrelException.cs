namespace KestrelVoice.Cli;

/// <summary>Something the person at the keyboard can act on: its message is shown as it is, without a stack trace.</summary>
public sealed class KestrelException : Exception
{
    /// <summary>Without a message.</summary>
    public KestrelException()
    {
    }

    /// <summary>What is wrong and what to do about it.</summary>
    public KestrelException(string message)
        : base(message)
    {
    }

    /// <summary>What is wrong and what to do about it, and what it came from.</summary>
    public KestrelException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
