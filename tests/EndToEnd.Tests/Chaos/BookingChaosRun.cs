using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using KestrelVoice.EndToEnd.Tests.Bookings;
using KestrelVoice.EndToEnd.Tests.Running;
using KestrelVoice.Features.Tests.Calendars;

namespace KestrelVoice.EndToEnd.Tests.Chaos;

/// <summary>Clients book and cancel while the host is killed in the midst of it, again and again; then everything may settle.</summary>
public sealed class BookingChaosRun : IAsyncLifetime
{
    internal static readonly int Kills = int.Parse(Environment.GetEnvironmentVariable("KESTREL_CHAOS_KILLS") ?? "5", CultureInfo.InvariantCulture);

    private const int Clients = 8;
    private const int Days = 30;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(4);
    private static readonly int Seed = int.Parse(Environment.GetEnvironmentVariable("KESTREL_CHAOS_SEED") ?? "20261129", CultureInfo.InvariantCulture);

    private readonly RadicaleServer radicale = new();
    private readonly ConcurrentBag<Booking> bookings = [];
    private int cut;

    /// <param name="Number">Of the client.</param>
    /// <param name="Key">Under which it was asked for until there was an answer.</param>
    /// <param name="Cancelled">Whether it was cancelled afterwards; null when there was no answer to that.</param>
    internal sealed record Booking(int Number, string Key, Attempt Attempt, bool? Cancelled);

    internal Stack Stack { get; private set; } = null!;

    internal BookableBusiness Business { get; private set; } = null!;

    internal WebhookReceiver Receiver { get; private set; } = null!;

    internal IReadOnlyCollection<Booking> Bookings => bookings;

    /// <summary>How many requests a kill left without an answer.</summary>
    internal int Cut => cut;

    public async ValueTask InitializeAsync()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await radicale.InitializeAsync();
        Stack = await Stack.StartAsync(ChaosRun.Patience, cancellationToken);
        Business = await BookableBusiness.OpenAsync(Stack, radicale, Days, cancellationToken);
        Receiver = await WebhookReceiver.StartAsync();
        var endpoint = await Stack.PostAsync(
            "/api/webhooks", new { url = new Uri(Receiver.Url, WebhookReceiver.Healthy), rate_limit = 100 }, cancellationToken);
        Receiver.Expect(WebhookReceiver.Healthy, endpoint.GetProperty("secret").GetString()!);

        using var killing = new CancellationTokenSource();
        var clients = Enumerable.Range(0, Clients).Select(number => BookAsync(number, killing.Token, cancellationToken)).ToList();
        await KillAgainAndAgainAsync(cancellationToken);
        await killing.CancelAsync();
        await Task.WhenAll(clients);
        await SettleAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (Receiver is not null)
            await Receiver.DisposeAsync();
        if (Stack is not null)
            await Stack.DisposeAsync();
        await radicale.DisposeAsync();
    }

    private async Task KillAgainAndAgainAsync(CancellationToken cancellationToken)
    {
        var random = new Random(Seed);
        for (var kill = 0; kill < Kills; kill++)
        {
            // However slow the machine: something was booked since the last time, and more is being booked.
            var enough = bookings.Count + random.Next(5, 40);
            await Eventually.Is(() => Task.FromResult(bookings.Count >= enough), Settling, () => Stack.Host.Log, cancellationToken);
            await Task.Delay(random.Next(200), cancellationToken);
            await Stack.Host.KillAsync(cancellationToken);
            Stack.Host.Start();
            await Stack.ReadyAsync(cancellationToken);
        }
    }

    // Ends only with an answer to everything that was asked.
    private async Task BookAsync(int number, CancellationToken enough, CancellationToken cancellationToken)
    {
        var random = new Random(Seed + number);
        using var client = new BookingClient(Stack, Business, number);
        var undecided = new List<(Slot Slot, bool ByName, string Key)>();
        for (var wish = 0; !enough.IsCancellationRequested; wish++)
        {
            var slot = Business.Slots[random.Next(Business.Slots.Count)];
            var key = string.Create(CultureInfo.InvariantCulture, $"wish-{number}-{wish}");
            var byName = random.Next(2) == 0;
            var attempt = await UntilAnsweredAsync(client, slot, byName, key, cancellationToken);
            if (attempt.UnderWay)
            {
                undecided.Add((slot, byName, key));
                continue;
            }
            bool? cancelled = attempt.Booked && random.Next(4) == 0 ? await CancelAsync(client, attempt, cancellationToken) : false;
            bookings.Add(new Booking(number, key, attempt, cancelled));
            await Task.Delay(Pause, cancellationToken);
        }
        foreach (var (slot, byName, key) in undecided)
        {
            Attempt attempt;
            while ((attempt = await UntilAnsweredAsync(client, slot, byName, key, cancellationToken)).UnderWay)
                await Task.Delay(Pause, cancellationToken);
            bookings.Add(new Booking(number, key, attempt, Cancelled: false));
        }
    }

    private async Task<Attempt> UntilAnsweredAsync(BookingClient client, Slot slot, bool byName, string key, CancellationToken cancellationToken)
    {
        while (true)
        {
            var attempt = await client.BookAsync(slot, byName, key, cancellationToken);
            if (attempt.Status is not (0 or HttpStatusCode.ServiceUnavailable))
                return attempt;
            if (attempt.Status is 0)
                Interlocked.Increment(ref cut);
            await Task.Delay(Pause, cancellationToken);
        }
    }

    private static async Task<bool?> CancelAsync(BookingClient client, Attempt attempt, CancellationToken cancellationToken) =>
        await client.CancelAsync(attempt.AppointmentId, cancellationToken) ? true : null;

    private async Task SettleAsync(CancellationToken cancellationToken)
    {
        await Stack.ReadyAsync(cancellationToken);
        await Business.AgreeAsync(Settling, cancellationToken);
        await Eventually.Get(
            () => Stack.RowsAsync("select count(*) from webhook_messages where state in ('pending', 'retrying')", row => row.GetInt64(0), cancellationToken),
            waiting => waiting.Single() == 0, Settling, () => Stack.Host.Log, cancellationToken);
    }
}
