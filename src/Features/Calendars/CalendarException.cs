namespace KestrelVoice.Features.Calendars;

/// <summary>The server did not do what was asked of it, or was not reached.</summary>
internal sealed class CalendarException(CalendarFailure failure, string message, Exception? cause = null) : Exception(message, cause)
{
    public CalendarFailure Failure => failure;
}

/// <summary>What a failure means for whoever asked.</summary>
internal enum CalendarFailure
{
    /// <summary>What opens it is not accepted, or not any more.</summary>
    Unauthorized,

    /// <summary>It is, and this is not allowed.</summary>
    Forbidden,

    /// <summary>There is nothing, or nothing any more.</summary>
    NotFound,

    /// <summary>It is not as we knew it, or is there already: read it again.</summary>
    Changed,

    /// <summary>The server has forgotten the sync token: begin anew.</summary>
    TokenForgotten,

    /// <summary>Away for the moment; asking again later is right.</summary>
    Unavailable,

    /// <summary>It leads where nothing of a customer's may be, or from one host to another.</summary>
    BlockedAddress,

    /// <summary>It speaks, but not what it should, or refuses for good.</summary>
    Protocol,
}
