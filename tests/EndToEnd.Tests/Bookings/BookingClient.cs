using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using KestrelVoice.EndToEnd.Tests.Running;

namespace KestrelVoice.EndToEnd.Tests.Bookings;

/// <summary>What somebody wished and was answered.</summary>
/// <param name="ByName">Whether the technician was named; else it is whoever is free.</param>
/// <param name="Asked">By the clock of <see cref="Stopwatch"/>.</param>
/// <param name="Status">0 when there was no answer.</param>
internal sealed record Attempt(Slot Wish, bool ByName, long Asked, long Answered, HttpStatusCode Status, JsonElement Body)
{
    public bool Booked => Status is HttpStatusCode.Created;

    /// <summary>The host was killed over it, and its key is free again only when the lease ends: ask later.</summary>
    public bool UnderWay => Status is HttpStatusCode.Conflict && !Body.TryGetProperty("alternatives", out _);

    public string AppointmentId => Body.GetProperty("id").GetString()!;

    /// <summary>What it was answered to have, which is what it wished, or at the same time with somebody else.</summary>
    public Slot Got => new(Body.GetProperty("starts_at").GetDateTimeOffset(), Body.GetProperty("resource").GetProperty("id").GetString()!);

    public IReadOnlyList<Slot> Alternatives => [.. Body.GetProperty("alternatives").EnumerateArray().Select(BookableBusiness.SlotOf)];
}

/// <summary>One of many who book at the same time, over a connection of its own.</summary>
internal sealed class BookingClient(Stack stack, BookableBusiness business, int number) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HttpClient http = new(new SocketsHttpHandler()) { Timeout = Patience };

    public string PhoneNumber { get; } = $"+1503556{number:0000}";

    /// <param name="key">Under which it may be repeated: it is done once, and answered alike. The notes say it too.</param>
    public async Task<Attempt> BookAsync(Slot wish, bool byName, string? key, CancellationToken cancellationToken)
    {
        using var request = stack.Request(HttpMethod.Post, "/api/appointments");
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        request.Content = JsonContent.Create(new
        {
            service_id = business.ServiceId,
            starts_at = wish.StartsAt,
            resource_id = byName ? wish.ResourceId : null,
            customer = new { name = $"Client {number}", phone_number = PhoneNumber },
            notes = key,
        });
        var asked = Stopwatch.GetTimestamp();
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            var body = JsonElement.Parse(await response.Content.ReadAsStringAsync(cancellationToken));
            return new Attempt(wish, byName, asked, Stopwatch.GetTimestamp(), response.StatusCode, body);
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return new Attempt(wish, byName, asked, Stopwatch.GetTimestamp(), default, default);
        }
    }

    /// <returns>False when there was no answer: nobody knows whether it was cancelled.</returns>
    public async Task<bool> CancelAsync(string appointmentId, CancellationToken cancellationToken)
    {
        using var request = stack.Request(HttpMethod.Post, $"/api/appointments/{appointmentId}/cancel");
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            return response.IsSuccessStatusCode;
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    public void Dispose() => http.Dispose();
}
