using KestrelVoice.Contracts;

namespace KestrelVoice.Voice.Tests;

/// <summary>The tenant of most tests: open around the clock, with a person and somebody on call.</summary>
internal static class Tenant
{
    public const string Number = "+15035550100";
    public const string Caller = "+15035550142";
    public const string Person = "+15035550110";
    public const string OnCall = "+15035550120";

    public static readonly Guid Id = new("0199f0aa-0000-7000-8000-000000000001");

    public static readonly IReadOnlyList<OpeningHours> Always =
        [.. Enum.GetValues<DayOfWeek>().Select(day => new OpeningHours(day, TimeOnly.MinValue, TimeOnly.MinValue))];

    public static readonly RoutingSettings Open = new(
        Id, "Maple Street Plumbing", "America/Los_Angeles", Always, Greeting: null, RecordCalls: true, Person, OnCall, RingSeconds: 20,
        ["gas leak", "burst pipe", "flood", "no heat"], "en-US");

    public static readonly RoutingSettings Closed = Open with { OpeningHours = [] };

    public static readonly BookableService Repair = new(new("0199f0aa-0000-7000-8000-00000000000a"), "Plumbing repair");
    public static readonly BookableService Heater = new(new("0199f0aa-0000-7000-8000-00000000000b"), "Water heater service");

    public static readonly RoutingSettings Booking = Open with { Services = [Repair, Heater] };
}
