using System.ComponentModel;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Webhooks.Hooks;

/// <summary>A subscription as Zapier and Make keep it: one event, one address.</summary>
internal sealed record HookItem(
    [property: Description("TypeID, hook_ + 26 characters; what to unsubscribe with.")] string Id,
    string Event,
    string TargetUrl,
    DateTime CreatedAt);

internal sealed record HookRow(Guid Id, string Event, string Url, DateTime CreatedAt)
{
    public const string Columns = "id, events[1] as event, url, created_at";

    public HookItem Shown() => new(TypeId.Format(TypeId.Hook, Id), Event, Url, CreatedAt);
}

internal static class HookId
{
    public const string Rule = "id is hook_ and 26 characters, or a UUID.";

    public static bool Is(string? text) => TypeId.TryParse(TypeId.Hook, text, out _);
}
