namespace KestrelVoice.Features.Privacy;

/// <summary>Whom an export or an erasure is about.</summary>
internal static class CallerNumber
{
    /// <summary>For the audit log: enough to recognise it by, and too little to call it.</summary>
    public static string Masked(string phoneNumber) => $"number ending in {phoneNumber[^2..]}";
}
