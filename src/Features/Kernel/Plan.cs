namespace KestrelVoice.Features.Kernel;

/// <summary>What a tenant has bought; a larger one includes everything of a smaller.</summary>
public enum Plan
{
    Personal,
    Business,
    BusinessPlus,
}

/// <summary>A plan as the database and the API name it, and as people do.</summary>
internal static class PlanNames
{
    internal static readonly IReadOnlyList<string> All = [.. Enum.GetValues<Plan>().Select(Name)];

    internal static string Name(this Plan plan) => plan switch
    {
        Plan.Personal => "personal",
        Plan.Business => "business",
        Plan.BusinessPlus => "business_plus",
        _ => throw new ArgumentOutOfRangeException(nameof(plan)),
    };

    internal static string Title(this Plan plan) => plan switch
    {
        Plan.Personal => "Personal",
        Plan.Business => "Business",
        Plan.BusinessPlus => "Business Plus",
        _ => throw new ArgumentOutOfRangeException(nameof(plan)),
    };

    internal static Plan Read(string name) => name switch
    {
        "personal" => Plan.Personal,
        "business" => Plan.Business,
        "business_plus" => Plan.BusinessPlus,
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };
}
