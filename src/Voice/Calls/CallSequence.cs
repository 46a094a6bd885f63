namespace KestrelVoice.Voice.Calls;

/// <summary>What one request may record; the place within its block of sequence numbers.</summary>
internal enum Slot
{
    Opening = 0,
    Emergency = 1,
    ReceptionistTurn = 2,
    CallRecordingAvailable = 3,
    CallRecordingAbsent = 4,
    VoicemailRecordingAvailable = 5,
    VoicemailRecordingAbsent = 6,
    Booked = 7,
}

/// <summary>Numbers of events, from nothing but where in the call they belong.</summary>
internal static class CallSequence
{
    private const int BlockSize = 8;

    public static int Of(int block, Slot slot) => block * BlockSize + (int)slot;
}
