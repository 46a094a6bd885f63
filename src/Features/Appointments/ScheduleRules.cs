using FluentValidation;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Appointments;

/// <summary>What holds for everything that can be booked, and whoever is.</summary>
internal static class ScheduleRules
{
    /// <summary>Services of a tenant, and resources: as many of each. Every answer has room for all of them.</summary>
    public const int Most = 200;

    /// <summary>Changes of one tenant's schedule take turns: two cannot take the last place, nor leave a service with nobody who performs it.</summary>
    public const string OneAtATime = "select pg_advisory_xact_lock(hashtextextended('schedule:' || @TenantId::text, 0))";

    public const string NameRule = "name is 1 to 100 characters.";
    public const string ServiceIdRule = "id is svc_ and 26 characters, or a UUID.";
    public const string ResourceIdRule = "id is res_ and 26 characters, or a UUID.";

    private const string AResource = "resource_id is res_ and 26 characters, or a UUID.";

    public static bool IsName(string? name) => name is not null && name.Trim().Length is >= 1 and <= 100 && !name.Any(char.IsControl);

    public static bool IsService(string? id) => TypeId.TryParse(TypeId.Service, id, out _);

    public static bool IsResource(string? id) => TypeId.TryParse(TypeId.Resource, id, out _);

    public static IRuleBuilderOptions<T, string?> NamesAService<T>(this IRuleBuilder<T, string?> rule) => rule
        .Must(IsService).WithMessage("service_id is svc_ and 26 characters, or a UUID.");

    public static IRuleBuilderOptions<T, string?> NamesAResource<T>(this IRuleBuilder<T, string?> rule) => rule
        .Must(IsResource).WithMessage(AResource);

    public static IRuleBuilderOptions<T, string?> NamesAResourceOrNone<T>(this IRuleBuilder<T, string?> rule) => rule
        .Must(id => id is null || IsResource(id)).WithMessage(AResource);

    /// <summary>When an appointment begins.</summary>
    public static IRuleBuilderOptions<T, string?> IsAStart<T>(this IRuleBuilder<T, string?> rule) => rule
        .Must(text => text is not null && DateBound.TryParse(text, out var bound) && bound.Instant is not null)
        .WithMessage("starts_at is an RFC 3339 instant.");
}
