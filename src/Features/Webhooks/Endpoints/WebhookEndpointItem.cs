using System.ComponentModel;
using System.Text.Json.Serialization;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Webhooks.Endpoints;

/// <summary>A webhook endpoint as it may be shown at any time: without its secret, and without the values of its headers.</summary>
internal record WebhookEndpointItem(
    [property: JsonPropertyOrder(-1), Description("TypeID, we_ + 26 characters.")] string Id,
    [property: JsonPropertyOrder(-1)] string Url,
    [property: JsonPropertyOrder(-1)] string Description,
    [property: JsonPropertyOrder(-1), Description("What it is told about.")] IReadOnlyList<string> Events,
    [property: JsonPropertyOrder(-1), Description("active, paused, or disabled: by us, for the disabled_reason.")] string Status,
    [property: JsonPropertyOrder(-1), Description("gone: it answered 410. failing: five days without a success. Else null.")] string? DisabledReason,
    [property: JsonPropertyOrder(-1)] DateTime? DisabledAt,
    [property: JsonPropertyOrder(-1), Description("Of the headers that are sent along. Their values are not shown again.")] IReadOnlyList<string> HeaderNames,
    [property: JsonPropertyOrder(-1), Description("Deliveries a second at most.")] int RateLimit,
    [property: JsonPropertyOrder(-1)] DateTime CreatedAt,
    [property: JsonPropertyOrder(-1)] DateTime UpdatedAt,
    [property: JsonPropertyOrder(-1), Description("The first failure since the last success; null while all is well.")] DateTime? FailingSince,
    [property: JsonPropertyOrder(-1)] DateTime? LastSuccessAt,
    [property: JsonPropertyOrder(-1)] DateTime? LastFailureAt,
    [property: JsonPropertyOrder(-1), Description("What is about to happen when nobody acts, in a sentence; else null.")] string? Warning,
    [property: JsonPropertyOrder(-1), Description("Until when former secrets sign along; null when none does.")] DateTime? OldSecretEndsAt);

/// <summary>An endpoint as its table and the secrets tell it.</summary>
internal sealed record WebhookEndpointRow(
    Guid Id, string Url, string Description, string Events, string Status, string? DisabledReason, DateTime? DisabledAt, string HeaderNames,
    int RateLimit, DateTime CreatedAt, DateTime UpdatedAt, DateTime? FailingSince, int Warnings, DateTime? LastSuccessAt,
    DateTime? LastFailureAt, DateTime? OldSecretEndsAt)
{
    /// <summary>For <c>select</c> and <c>returning</c> alike.</summary>
    public const string Columns =
        """
        id, url, description, array_to_string(events, ' ') as events, status, disabled_reason, disabled_at,
        array_to_string(header_names, ' ') as header_names, rate_limit, created_at, updated_at, failing_since, warnings, last_success_at, last_failure_at,
        (select max(secret.expires_at) from webhook_secrets secret
         where secret.tenant_id = webhook_endpoints.tenant_id and secret.endpoint_id = webhook_endpoints.id) as old_secret_ends_at
        """;

    /// <param name="patience">For how long an endpoint may fail.</param>
    public WebhookEndpointItem Shown(DateTimeOffset now, TimeSpan patience) => new(
        TypeId.Format(TypeId.WebhookEndpoint, Id), Url, Description, Words(Events), Status, DisabledReason, DisabledAt, Words(HeaderNames), RateLimit,
        CreatedAt, UpdatedAt, FailingSince, LastSuccessAt, LastFailureAt, EndpointWarning.Of(Status, FailingSince, Warnings, patience),
        OldSecretEndsAt > now.UtcDateTime ? OldSecretEndsAt : null);

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
