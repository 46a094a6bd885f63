using System.Diagnostics;
using KestrelVoice.EndToEnd.Tests.Running;
using KestrelVoice.Features.Tests.Calendars;

namespace KestrelVoice.EndToEnd.Tests.Bookings;

/// <summary>Two hundred clients, all at once, each of whom wants every one of fifty slots; then the calendars may be written.</summary>
public sealed class BookingStorm : IAsyncLifetime
{
    internal const int Clients = 200;
    internal const int Slots = 50;

    private const int Seed = 20261129;
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(2);

    private readonly RadicaleServer radicale = new();

    internal Stack Stack { get; private set; } = null!;

    internal BookableBusiness Business { get; private set; } = null!;

    internal IReadOnlyList<Attempt> Attempts { get; private set; } = [];

    internal TimeSpan Took { get; private set; }

    public async ValueTask InitializeAsync()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await radicale.InitializeAsync();
        Stack = await Stack.StartAsync(cancellationToken);
        Business = await BookableBusiness.OpenAsync(Stack, radicale, Slots / BookableBusiness.SlotsPerDay, cancellationToken);

        var began = Stopwatch.GetTimestamp();
        var attempts = await Task.WhenAll(Enumerable.Range(0, Clients).Select(number => AskForAllAsync(number, cancellationToken)));
        Took = Stopwatch.GetElapsedTime(began);
        Attempts = [.. attempts.SelectMany(some => some)];
        await Business.AgreeAsync(Settling, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (Stack is not null)
            await Stack.DisposeAsync();
        await radicale.DisposeAsync();
    }

    // Each in an order of its own; every other one does not mind who comes.
    private async Task<List<Attempt>> AskForAllAsync(int number, CancellationToken cancellationToken)
    {
        using var client = new BookingClient(Stack, Business, number);
        var wishes = Business.Slots.ToArray();
        new Random(Seed + number).Shuffle(wishes);
        var attempts = new List<Attempt>();
        foreach (var wish in wishes)
            attempts.Add(await client.BookAsync(wish, byName: number % 2 == 0, key: null, cancellationToken));
        return attempts;
    }
}
