using System.Globalization;
using System.Text.RegularExpressions;
using KestrelVoice.Contracts;
using KestrelVoice.Voice.Calls;
using KestrelVoice.Voice.Twilio;

namespace KestrelVoice.Voice.Webhooks;

/// <summary>A verified request about a call.</summary>
internal sealed partial class CallWebhook
{
    private const int MaxPartyLength = 128;
    private const int MaxDurationSeconds = 7 * 24 * 3600;
    private readonly TwilioForm _form;

    private CallWebhook(TwilioForm form, string callSid, string accountSid, Parties parties, string baseUrl, CallPosition? position)
    {
        _form = form;
        (CallSid, AccountSid, BaseUrl, Position) = (callSid, accountSid, baseUrl, position);
        (From, To, Direction) = parties;
    }

    public string CallSid { get; }

    public string AccountSid { get; }

    public string From { get; }

    public string To { get; }

    public string BaseUrl { get; }

    /// <summary>Null where no URL of ours was called, or one that is not whole.</summary>
    public CallPosition? Position { get; }

    public string Direction { get; }

    public string CallStatus => _form["CallStatus"] ?? "";

    public bool CallerGone => CallStatuses.IsTerminal(CallStatus);

    public static CallWebhook? Read(TwilioForm form, HttpRequest request, string accountSid, string baseUrl, PartySeal seal)
    {
        var callSid = form["CallSid"] ?? "";
        var position = CallPosition.Read(request.Query);
        if (!CallSidFormat().IsMatch(callSid))
            return null;
        var parties = form["To"] is null ? seal.Open(callSid, request.Query[CallUrls.PartiesParameter].ToString()) : PartiesOf(form);
        return parties is { To.Length: > 0 } ? new CallWebhook(form, callSid, accountSid, parties, baseUrl, position) : null;
    }

    public static ValueTask<CallWebhook?> BindAsync(HttpContext context) => ValueTask.FromResult(context.Features.Get<CallWebhook>());

    public CallHeader Header(Guid? tenantId, DateTimeOffset startedAt) => new(CallSid, AccountSid, tenantId, From, To, Direction, startedAt);

    public string? Text(string field, int maxLength = MaxPartyLength) =>
        SpokenText.Clean(_form[field] ?? "", maxLength).Trim() is { Length: > 0 } text ? text : null;

    public int Seconds(string field) =>
        int.TryParse(_form[field], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? Math.Min(seconds, MaxDurationSeconds) : 0;

    public double? Fraction(string field) =>
        double.TryParse(_form[field], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var fraction) ? fraction : null;

    public bool? Flag(string field) => bool.TryParse(_form[field], out var flag) ? flag : null;

    public string? RecordingSid() =>
        _form["RecordingSid"] is { } sid && RecordingSidFormat().IsMatch(sid) ? sid
        : _form["RecordingUrl"] is { } url && RecordingUrlEnd().Match(url) is { Success: true } match ? match.Groups["sid"].Value
        : null;

    private static Parties PartiesOf(TwilioForm form) => new(
        SpokenText.Clean(form["From"] ?? "", MaxPartyLength).Trim() is { Length: > 0 } from ? from : "anonymous",
        SpokenText.Clean(form["To"] ?? "", MaxPartyLength).Trim(),
        form["Direction"]?.StartsWith("outbound", StringComparison.Ordinal) == true ? "outbound" : "inbound");

    [GeneratedRegex("^CA[0-9a-fA-F]{32}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex CallSidFormat();

    [GeneratedRegex("^RE[0-9a-fA-F]{32}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex RecordingSidFormat();

    [GeneratedRegex("/Recordings/(?<sid>RE[0-9a-fA-F]{32})(\\.[A-Za-z0-9]+)?\\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 200)]
    private static partial Regex RecordingUrlEnd();
}
