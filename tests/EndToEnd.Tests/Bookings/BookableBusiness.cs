using System.Globalization;
using System.Text.Json;
using KestrelVoice.EndToEnd.Tests.Running;
using KestrelVoice.Features.Tests.Calendars;

namespace KestrelVoice.EndToEnd.Tests.Bookings;

/// <summary>When somebody can be booked, and who.</summary>
internal sealed record Slot(DateTimeOffset StartsAt, string ResourceId);

/// <summary>An entry of a calendar, or what should be one: its name and when it begins.</summary>
internal sealed record Entry(string Name, DateTimeOffset StartsAt);

/// <summary>The demo business with days that its repairs fill without gaps, two technicians, and their calendars on a real server.</summary>
internal sealed class BookableBusiness
{
    public const int SlotsPerDay = 10;

    private const string Service = "Plumbing repair";

    private readonly Stack stack;
    private readonly List<RadicaleUser> technicians = [];

    private BookableBusiness(Stack stack) => this.stack = stack;

    public string ServiceId { get; private set; } = "";

    /// <summary>All that can be booked in the first days, earliest first.</summary>
    public IReadOnlyList<Slot> Slots { get; private set; } = [];

    public static async Task<BookableBusiness> OpenAsync(Stack stack, RadicaleServer radicale, int days, CancellationToken cancellationToken)
    {
        var business = new BookableBusiness(stack);
        await business.SetHoursAsync(cancellationToken);
        business.ServiceId = (await stack.GetAsync("/api/services", cancellationToken)).GetProperty("data").EnumerateArray()
            .Single(service => service.GetProperty("name").GetString() == Service).GetProperty("id").GetString()!;
        business.Slots = await business.AvailableAsync(days, cancellationToken);
        foreach (var resourceId in business.Slots.Select(slot => slot.ResourceId).Distinct())
        {
            var technician = await radicale.GivenAUserAsync();
            await stack.PostAsync(
                "/api/calendars",
                new { resource_id = resourceId, url = technician.Calendar, username = technician.Name, password = RadicaleServer.Password }, cancellationToken);
            business.technicians.Add(technician);
        }
        return business;
    }

    /// <summary>What is in the technicians' calendars.</summary>
    public async Task<IReadOnlyList<Entry>> CalendarsAsync()
    {
        var entries = new List<Entry>();
        foreach (var technician in technicians)
        {
            foreach (var name in await technician.NamesAsync())
                entries.Add(new Entry(name, StartOf(await technician.GetAsync(name))));
        }
        return [.. entries.OrderBy(entry => entry.Name, StringComparer.Ordinal)];
    }

    /// <summary>What should be in them.</summary>
    public Task<List<Entry>> ScheduledAsync(CancellationToken cancellationToken) => stack.RowsAsync(
        """select 'kv-' || id, starts_at from appointments where status = 'scheduled' order by ('kv-' || id) collate "C" """,
        row => new Entry(row.GetString(0), new DateTimeOffset(row.GetDateTime(1))), cancellationToken);

    /// <summary>The appointments that the API lists.</summary>
    public async Task<IReadOnlyList<JsonElement>> ListedAsync(CancellationToken cancellationToken)
    {
        var items = new List<JsonElement>();
        var next = "/api/appointments?limit=100";
        while (next is not null)
        {
            var page = await stack.GetAsync(next, cancellationToken);
            items.AddRange(page.GetProperty("data").EnumerateArray());
            var cursor = page.GetProperty("pagination").GetProperty("next_cursor").GetString();
            next = cursor is null ? null : $"/api/appointments?limit=100&cursor={Uri.EscapeDataString(cursor)}";
        }
        return items;
    }

    /// <summary>The appointments of which the stream of events tells, by their ids.</summary>
    public async Task<IReadOnlyList<string>> ToldAsync(CancellationToken cancellationToken)
    {
        var ids = new List<string>();
        for (var (after, latest) = (0L, 1L); after < latest;)
        {
            var page = await stack.GetAsync($"/api/events?event=appointment.booked&limit=100&after={after}", cancellationToken);
            ids.AddRange(page.GetProperty("data").EnumerateArray().Select(item => item.GetProperty("data").GetProperty("appointment_id").GetString()!));
            (after, latest) = (page.GetProperty("after").GetInt64(), page.GetProperty("latest_sequence").GetInt64());
        }
        return ids;
    }

    /// <summary>Waits until everything was handed on, and the calendars say what the database says.</summary>
    public Task AgreeAsync(TimeSpan deadline, CancellationToken cancellationToken) => Eventually.Get(
        async () =>
        {
            var waiting = await stack.RowsAsync("select count(*) from outbox", row => row.GetInt64(0), cancellationToken);
            var (here, there) = (await ScheduledAsync(cancellationToken), await CalendarsAsync());
            return (Waiting: waiting.Single(), Missing: here.Except(there).Count(), TooMany: there.Except(here).Count());
        },
        seen => seen == (0, 0, 0), deadline, () => $"{stack.Sidecars.Log}\n{stack.Host.Log}", cancellationToken);

    // Five hours of a technician's day, an hour each, and nothing between them.
    private Task SetHoursAsync(CancellationToken cancellationToken) => stack.ExecuteAsync(
        $"""
        update services set length_minutes = 60, buffer_before_minutes = 0, buffer_after_minutes = 0, step_minutes = 60
        where tenant_id = '{stack.Demo.TenantId}' and name = '{Service}';
        update resources set travel_minutes = 0 where tenant_id = '{stack.Demo.TenantId}';
        update working_hours set opens = '08:00', closes = '13:00' where tenant_id = '{stack.Demo.TenantId}'
        """, cancellationToken);

    // Midnight in UTC is no working hour where the business is.
    private async Task<IReadOnlyList<Slot>> AvailableAsync(int days, CancellationToken cancellationToken)
    {
        var from = TimeProvider.System.GetUtcNow().UtcDateTime.Date.AddDays(2);
        var path = string.Create(
            CultureInfo.InvariantCulture, $"/api/availability?service_id={ServiceId}&from={from:yyyy-MM-dd}T00:00:00Z&to={from.AddDays(days):yyyy-MM-dd}T00:00:00Z");
        return [.. (await stack.GetAsync(path, cancellationToken)).GetProperty("data").EnumerateArray().Select(SlotOf)];
    }

    internal static Slot SlotOf(JsonElement offered) =>
        new(offered.GetProperty("starts_at").GetDateTimeOffset(), offered.GetProperty("resource_id").GetString()!);

    private static DateTimeOffset StartOf(string text) => DateTimeOffset.ParseExact(
        text.Split("DTSTART:")[1].Split('\r', '\n')[0], "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
