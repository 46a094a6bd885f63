using System.ComponentModel;
using System.Text.Json;
using KestrelVoice.Features.Appointments;
using KestrelVoice.Features.Calls;
using KestrelVoice.Features.Summaries;

namespace KestrelVoice.Features.Privacy;

/// <summary>All that is held of a call.</summary>
internal sealed record ExportedCall(
    string Id, string PhoneNumber, string DialedNumber, string Direction, CallStatus Status, CallOutcome? Outcome, bool Emergency, int Duration,
    DateTime CreatedAt, DateTime? EndedAt, string? Transcript,
    [property: Description("One or two sentences.")] string? Summary,
    [property: Description("Answers with the audio to the credential that reads this; null without a recording.")] string? RecordingUrl,
    IReadOnlyList<CallTurn> Turns,
    [property: Description("As GET /api/call-logs/{id}/summary shows it; null when none was begun.")] CallSummaryItem? LongSummary,
    [property: Description("What was told of it, and to whom.")] IReadOnlyList<ExportedEvent> Events);

/// <summary>An appointment, and what was told of it.</summary>
internal sealed record ExportedAppointment(AppointmentItem Appointment, IReadOnlyList<ExportedEvent> Events);

/// <summary>An event, and which endpoints were sent it.</summary>
internal sealed record ExportedEvent(
    long Sequence, string Id, string Event, DateTime Timestamp,
    [property: Description("As it was delivered; null once it is older than payloads are kept.")] JsonElement? Data,
    IReadOnlyList<ExportedMessage> Messages);

internal sealed record ExportedMessage(
    string Id,
    [property: Description("Of the webhook endpoint or hook.")] string EndpointId,
    string Url,
    [property: Description("pending, retrying, delivered, failed or cancelled.")] string State,
    DateTime CreatedAt, DateTime? FinishedAt);
