using KestrelVoice.Contracts;
using KestrelVoice.Features.Appointments;
using KestrelVoice.Features.Calls;
using KestrelVoice.Features.Identity;
using KestrelVoice.Features.Routing;
using MediatR;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Demo;

/// <summary>A business to try things with. Running it again changes its password and key and leaves the rest.</summary>
public static class DemoSeed
{
    private const string Number = "+15035550100";
    private const string Email = "demo@maplestreet.example";

    /// <param name="TenantId">The business.</param>
    /// <param name="Email">Signs in with <paramref name="Password"/>.</param>
    /// <param name="Password">New at every run; null when people sign in at a Supabase project of their own.</param>
    /// <param name="ApiKey">New at every run; the one before is revoked.</param>
    /// <param name="PhoneNumber">What callers dial.</param>
    public sealed record Seeded(Guid TenantId, string Email, string? Password, string ApiKey, string PhoneNumber);

    public static async Task<Seeded> RunAsync(IServiceProvider services, bool withCalls, CancellationToken cancellationToken)
    {
        await using var scope = services.CreateAsyncScope();
        var mediator = scope.ServiceProvider.GetRequiredService<IMediator>();
        var tenant = await mediator.Send(Business(), cancellationToken);
        await mediator.Send(new SeedDemoSchedule.Command(tenant.TenantId), cancellationToken);
        if (withCalls)
            await PlaceCallsAsync(
                services.GetRequiredService<CallJournal>(), tenant.TenantId, services.GetRequiredService<TimeProvider>(), cancellationToken);
        var member = await mediator.Send(new SeedDemoMember.Command(tenant.TenantId, Email), cancellationToken);
        return new Seeded(tenant.TenantId, Email, member.Password, member.ApiKey, Number);
    }

    private static OpenTenant.Command Business() => new(
        Number, "Maple Street Plumbing", "business", "America/Los_Angeles", "en-US",
        [.. Enum.GetValues<DayOfWeek>().Select(day => new OpeningHours(day, TimeOnly.MinValue, TimeOnly.MinValue))],
        RecordCalls: true, PersonNumber: "+15035550110", OnCallNumber: "+15035550120", RingSeconds: 20,
        ["burst pipe", "flooding", "gas leak", "no heat", "sewage", "water everywhere"]);

    // By the journal that real calls go to, so that everything that is counted and decided is right.
    private static async Task PlaceCallsAsync(CallJournal journal, Guid tenantId, TimeProvider clock, CancellationToken cancellationToken)
    {
        foreach (var callEvent in DemoCalls.Until(clock.GetUtcNow(), tenantId, Number))
            await journal.RestoreAsync(callEvent, cancellationToken);
    }
}
