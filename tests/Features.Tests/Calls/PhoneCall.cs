using KestrelVoice.Contracts;

namespace KestrelVoice.Features.Tests.Calls;

/// <summary>Makes the events of one call, a second apart, as the voice app would publish them.</summary>
public sealed class PhoneCall
{
    private readonly CallHeader header;
    private int sequence;

    public PhoneCall(TestTenant tenant, int number, DateTimeOffset startedAt, string from = "+15035559876", bool ownerKnown = true)
        : this(ownerKnown ? tenant.Id : null, tenant.Number, number, startedAt, from)
    {
    }

    public PhoneCall(Guid? tenantId, string to, int number, DateTimeOffset startedAt, string from = "+15035559876")
    {
        CallSid = $"CA{number:x32}";
        header = new CallHeader(CallSid, "AC" + new string('0', 32), tenantId, from, to, "inbound", startedAt);
    }

    public string CallSid { get; }

    public CallStarted Started(bool openNow = true) => Next((id, at) => new CallStarted(id, header, sequence, at, null, openNow, true));

    public TurnSpoken Says(string text) =>
        Next((id, at) => new TurnSpoken(id, header, sequence, at, Speaker.Caller, text, 0.9, Keys: false));

    public TurnSpoken Presses(string keys) =>
        Next((id, at) => new TurnSpoken(id, header, sequence, at, Speaker.Caller, keys, null, Keys: true));

    public TurnSpoken Hears(string text) =>
        Next((id, at) => new TurnSpoken(id, header, sequence, at, Speaker.Receptionist, text, null, Keys: false));

    public EmergencyDetected Emergency(string phrase = "burst pipe") => Next((id, at) => new EmergencyDetected(id, header, sequence, at, phrase));

    public PersonDialed Dials(DialTarget target, bool bridged, int seconds = 30) => Next((id, at) => new PersonDialed(
        id, header, sequence, at, target, bridged ? "completed" : "no-answer", bridged, bridged ? seconds : 0));

    public RecordingReady Recording(RecordingKind kind, bool available = true, int seconds = 12, int number = 1) => Next((id, at) =>
        new RecordingReady(id, header, sequence, at, $"RE{number:x32}", kind, available, available ? seconds : 0));

    public VoicemailLeft Voicemail(int seconds = 12, int number = 1) =>
        Next((id, at) => new VoicemailLeft(id, header, sequence, at, $"RE{number:x32}", seconds));

    public AppointmentBookedInCall Books(string service = "Drain cleaning") => Next((id, at) =>
        new AppointmentBookedInCall(id, header, sequence, at, new Guid("0199f0aa-0000-7000-8000-00000000000c"), service, at.AddDays(1)));

    public CallHeader Header => header;

    public CallEnded Ended(string status = "completed", int seconds = 42) =>
        Next((id, at) => new CallEnded(id, header, sequence, at, status, seconds, null));

    private TEvent Next<TEvent>(Func<string, DateTimeOffset, TEvent> make)
    {
        var made = make($"{CallSid}:{sequence}", header.StartedAt.AddSeconds(sequence));
        sequence++;
        return made;
    }
}
