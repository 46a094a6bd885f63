using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Events;

/// <summary>Something that a tenant is told about.</summary>
/// <param name="Type">One of <see cref="TenantEventTypes"/>.</param>
/// <param name="Occasion">What it may be told of once only: a word, a colon, and the id of the call or appointment that it is about, by which it is erased.</param>
/// <param name="OccurredAt">When it happened, which may be before it is told.</param>
/// <param name="Data">The payload's <c>data</c>.</param>
internal sealed record TenantEvent(string Type, string Occasion, DateTimeOffset OccurredAt, object Data)
{
    /// <summary>The call it is about.</summary>
    public Guid? CallId { get; init; }

    /// <summary>The bytes that receivers get and that are signed: written once, since a second writing need not be the same.</summary>
    public byte[] Payload(Guid id) => JsonSerializer.SerializeToUtf8Bytes(
        new Envelope(Type, OccurredAt.UtcDateTime, TypeId.Format(TypeId.Event, id), Data), Json);

    private sealed record Envelope(string Event, DateTime Timestamp, string Id, object Data);

    // A member without a value is null, not absent: receivers' types stay the same.
    private static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.Strict,
    };
}

/// <summary>Of <see cref="TenantEventTypes.CallCompleted"/> and <see cref="TenantEventTypes.CallMissed"/>.</summary>
internal sealed record CallEventData(
    string CallId, string PhoneNumber, int Duration, string? Outcome, string? Transcript, string? RecordingUrl,
    string Direction, bool Emergency, DateTime StartedAt, DateTime? EndedAt);

/// <summary>Of <see cref="TenantEventTypes.EmergencyDetected"/>.</summary>
/// <param name="Phrase">The words that matched.</param>
/// <param name="Said">The caller's sentence; null when it was a key.</param>
internal sealed record EmergencyEventData(string CallId, string PhoneNumber, string Phrase, string? Said, DateTime StartedAt);

/// <summary>Of <see cref="TenantEventTypes.AppointmentBooked"/>.</summary>
internal sealed record AppointmentEventData(
    string AppointmentId, string? CallId, string Service, DateTime StartsAt, DateTime EndsAt, AppointmentEventData.Party Customer, string Status)
{
    internal sealed record Party(string? Name, string PhoneNumber, string? Address);
}
