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

    public static bool IsName(string? name) => name is not null && name.Trim().Length is >= 1 and <= 100 && !name.Any(char.IsControl);

    public static bool IsService(string? id) => TypeId.TryParse(TypeId.Service, id, out _);

    public static bool IsResource(string? id) => TypeId.TryParse(TypeId.Resource, id, out _);
}
