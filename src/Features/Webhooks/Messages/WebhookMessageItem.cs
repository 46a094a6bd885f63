using System.ComponentModel;
using System.Text.Json.Serialization;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Webhooks.Messages;

/// <summary>What became of one event at one endpoint.</summary>
internal record WebhookMessageItem(
    [property: JsonPropertyOrder(-1), Description("TypeID, msg_ + 26 characters.")] string Id,
    [property: JsonPropertyOrder(-1)] string Event,
    [property: JsonPropertyOrder(-1), Description("The webhook-id of each attempt.")] string EventId,
    [property: JsonPropertyOrder(-1), Description("Made up, because somebody asked for it; no event of the tenant's.")] bool Test,
    [property: JsonPropertyOrder(-1), Description("pending (the first attempt is due), retrying, delivered, failed, cancelled, or withheld: a sandbox sends nothing.")] string State,
    [property: JsonPropertyOrder(-1)] int AttemptCount,
    [property: JsonPropertyOrder(-1), Description("Null when none is to come.")] DateTime? NextAttemptAt,
    [property: JsonPropertyOrder(-1), Description("The HTTP status of the last attempt; null when it got none.")] int? LastStatus,
    [property: JsonPropertyOrder(-1), Description("Why the last attempt got no status, in a word.")] string? LastError,
    [property: JsonPropertyOrder(-1)] DateTime CreatedAt,
    [property: JsonPropertyOrder(-1)] DateTime? FinishedAt);

/// <summary>A message as its table tells it.</summary>
internal sealed record WebhookMessageRow(
    Guid Id, string EventType, Guid EventId, bool IsTest, string State, int Attempts, DateTime? NextAttemptAt, int? LastStatus, string? LastError,
    DateTime CreatedAt, DateTime? FinishedAt)
{
    /// <summary>For <c>select</c> and <c>returning</c> alike.</summary>
    public const string Columns =
        "id, event_type, event_id, is_test, state, attempts, next_attempt_at, last_status, last_error, created_at, finished_at";

    public WebhookMessageItem Shown() => new(
        TypeId.Format(TypeId.WebhookMessage, Id), EventType, TypeId.Format(TypeId.Event, EventId), IsTest, State, Attempts, NextAttemptAt, LastStatus,
        LastError, CreatedAt, FinishedAt);
}

/// <summary>The words under which a message's state is stored, shown and filtered.</summary>
internal static class MessageStates
{
    public static readonly IReadOnlyList<string> All = ["pending", "retrying", "delivered", "failed", "cancelled", "withheld"];
}

internal static class MessageId
{
    public const string Rule = "message_id is msg_ and 26 characters, or a UUID.";

    public static bool Is(string? text) => TypeId.TryParse(TypeId.WebhookMessage, text, out _);
}
