using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using KestrelVoice.Cli.Output;

namespace KestrelVoice.Cli.Listening;

/// <summary>What came in, and what it was answered.</summary>
internal sealed record ReceivedDelivery(string Id, string? Sequence, bool IsTest, byte[] Body, string? Complaint, int Answered, string? Forwarded);

/// <summary>One line a delivery, and its JSON below.</summary>
internal sealed class DeliveryPrinter(Terminal terminal, TimeProvider clock)
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Lock oneAtATime = new();
    private readonly HashSet<string> seen = new(StringComparer.Ordinal);

    public void Print(ReceivedDelivery delivery)
    {
        var (name, text) = Read(delivery.Body);
        var time = clock.GetLocalNow().ToString("HH:mm:ss", CultureInfo.InvariantCulture);
        var notes = new List<string>();
        if (delivery.Sequence is { } sequence)
            notes.Add($"#{sequence}");
        if (delivery.IsTest)
            notes.Add("test");
        lock (oneAtATime)
        {
            if (!seen.Add(delivery.Id))
                notes.Add("again");
            notes.Add(delivery.Forwarded is { } forwarded ? $"{forwarded} -> {delivery.Answered}" : $"-> {delivery.Answered}");
            var rest = string.Join("  ", notes);
            if (delivery.Complaint is null)
                terminal.Markup($"[grey]{time}[/]  [green]✓[/] [bold]{name}[/]  {delivery.Id}  {rest}");
            else
                terminal.Markup($"[grey]{time}[/]  [red]✗[/] [bold]{name}[/]  {delivery.Id}  {rest}  [red]not verified: {delivery.Complaint}[/]");
            terminal.Line(text);
        }
    }

    private static (string Name, string Text) Read(byte[] body)
    {
        try
        {
            var json = JsonElement.Parse(body);
            var name = json.ValueKind is JsonValueKind.Object && json.TryGetProperty("event", out var type) ? type.ToString() : "no event";
            return (name, JsonSerializer.Serialize(json, Readable));
        }
        catch (JsonException)
        {
            return ("no JSON", $"({body.Length} bytes)");
        }
    }
}
