using System.ComponentModel;

namespace KestrelVoice.Features.Privacy.Retention;

/// <summary>How long a tenant keeps its calls.</summary>
internal sealed record RetentionItem(
    [property: Description("Calls that came in longer ago are erased, once a day; null keeps them.")] int? CallDays,
    [property: Description("Null when it was never changed.")] DateTime? UpdatedAt)
{
    public const string Find = "select call_days, updated_at from retention where tenant_id = @TenantId";
}
