using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using KestrelVoice.CallSimulator.Recordings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.CallSimulator.Texts;

/// <summary>A text message, in the shape of Twilio's Message resource.</summary>
/// <param name="Sid"><c>SM</c> + 32 hex.</param>
/// <param name="From">Who sent it.</param>
/// <param name="To">Who gets it.</param>
/// <param name="Body">What it says.</param>
/// <param name="Status">Twilio's: <c>queued</c> when it is taken, <c>delivered</c> when it is looked at later.</param>
/// <param name="DateCreated">RFC 2822.</param>
public sealed record SentText(
    [property: JsonPropertyName("sid")] string Sid,
    [property: JsonPropertyName("from")] string From,
    [property: JsonPropertyName("to")] string To,
    [property: JsonPropertyName("body")] string Body,
    [property: JsonPropertyName("status")] string Status,
    [property: JsonPropertyName("date_created")] string DateCreated);

/// <summary>The part of Twilio's REST API that sends texts. They go nowhere, and can be read as Twilio lets them be read.</summary>
internal sealed partial class MessagesResource(string accountSid, TimeProvider clock)
{
    private const int MostKept = 1000;
    private const int PageSize = 50;
    private const int LongestBody = 1600;
    private const int LongestSegment = 160;
    private const int LongestSegmentOfSeveral = 153;

    private readonly ConcurrentQueue<SentText> sent = new();
    private readonly ConcurrentDictionary<string, bool> optedOut = new(StringComparer.Ordinal);

    public IReadOnlyList<SentText> Sent => [.. sent];

    /// <summary>As if somebody had replied STOP.</summary>
    public void OptOut(string number) => optedOut[number] = true;

    public void Map(IEndpointRouteBuilder app)
    {
        app.MapPost("/2010-04-01/Accounts/{account}/Messages.json", CreateAsync);
        app.MapGet("/2010-04-01/Accounts/{account}/Messages.json", ListAsync);
    }

    private async Task CreateAsync(HttpContext context)
    {
        var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync(context.RequestAborted) : FormCollection.Empty;
        var (from, to, body) = (form["From"].ToString(), form["To"].ToString(), form["Body"].ToString());
        if (Refusal(from, to, body) is var (code, message) && code != 0)
        {
            await TwilioError.WriteAsync(context, StatusCodes.Status400BadRequest, code, message);
            return;
        }
        var text = new SentText(
            "SM" + RandomNumberGenerator.GetHexString(32, lowercase: true), from, to, body, "queued",
            CallParameters.Rfc2822(clock.GetUtcNow()));
        sent.Enqueue(text);
        while (sent.Count > MostKept)
            sent.TryDequeue(out _);
        context.Response.StatusCode = StatusCodes.Status201Created;
        await context.Response.WriteAsJsonAsync(Shown(text), context.RequestAborted);
    }

    private Task ListAsync(HttpContext context)
    {
        var (from, to) = (context.Request.Query["From"].ToString(), context.Request.Query["To"].ToString());
        var page = sent.Where(text => (from.Length == 0 || text.From == from) && (to.Length == 0 || text.To == to)).Reverse().Take(PageSize)
            .Select(text => Shown(text with { Status = "delivered" })).ToList();
        var uri = $"/2010-04-01/Accounts/{accountSid}/Messages.json";
        return context.Response.WriteAsJsonAsync(
            new Dictionary<string, object?>
            {
                ["messages"] = page,
                ["page"] = 0,
                ["page_size"] = PageSize,
                ["start"] = 0,
                ["end"] = Math.Max(0, page.Count - 1),
                ["uri"] = $"{uri}?PageSize={PageSize}&Page=0",
                ["first_page_uri"] = $"{uri}?PageSize={PageSize}&Page=0",
                ["next_page_uri"] = null,
                ["previous_page_uri"] = null,
            },
            context.RequestAborted);
    }

    private (int Code, string Message) Refusal(string from, string to, string body) =>
        to.Length == 0 ? (21604, "A 'To' phone number is required.")
        : from.Length == 0 ? (21603, "A 'From' phone number is required.")
        : body.Length == 0 ? (21602, "Message body is required.")
        : body.Length > LongestBody ? (21617, "The concatenated message body exceeds the 1600 character limit")
        : !E164.IsMatch(to) ? (21211, $"The 'To' number {to} is not a valid phone number.")
        : !E164.IsMatch(from) ? (21212, $"The 'From' number {from} is not a valid phone number, shortcode, or alphanumeric sender ID.")
        : optedOut.ContainsKey(to) ? (21610, "Attempt to send to unsubscribed recipient")
        : (0, "");

    private Dictionary<string, object?> Shown(SentText text) => new()
    {
        ["account_sid"] = accountSid,
        ["api_version"] = "2010-04-01",
        ["body"] = text.Body,
        ["date_created"] = text.DateCreated,
        ["date_sent"] = text.Status == "queued" ? null : text.DateCreated,
        ["date_updated"] = text.DateCreated,
        ["direction"] = "outbound-api",
        ["error_code"] = null,
        ["error_message"] = null,
        ["from"] = text.From,
        ["messaging_service_sid"] = null,
        ["num_media"] = "0",
        ["num_segments"] = Segments(text.Body).ToString(CultureInfo.InvariantCulture),
        ["price"] = null,
        ["price_unit"] = "USD",
        ["sid"] = text.Sid,
        ["status"] = text.Status,
        ["subresource_uris"] = new Dictionary<string, string> { ["media"] = $"/2010-04-01/Accounts/{accountSid}/Messages/{text.Sid}/Media.json" },
        ["to"] = text.To,
        ["uri"] = $"/2010-04-01/Accounts/{accountSid}/Messages/{text.Sid}.json",
    };

    private static int Segments(string body) =>
        body.Length <= LongestSegment ? 1 : (body.Length + LongestSegmentOfSeveral - 1) / LongestSegmentOfSeveral;

    [GeneratedRegex(@"\A\+[1-9][0-9]{6,14}\z")]
    private static partial Regex E164 { get; }
}
