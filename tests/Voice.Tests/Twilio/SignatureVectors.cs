namespace KestrelVoice.Voice.Tests.Twilio;

/// <summary>A request and the signature of it, computed by independent implementations.</summary>
public sealed record SignedRequest(string Name, string Url, string Signature, params (string Name, string Value)[] Form)
{
    public string? Body { get; init; }

    public IEnumerable<KeyValuePair<string, string>> Parameters => Form.Select(pair => KeyValuePair.Create(pair.Name, pair.Value));

    public override string ToString() => Name;
}

internal static class SignatureVectors
{
    public const string Token = "6f1c2b9e4d8a4b17a0c3e5f7d9b1a2c4";

    private const string Call = "CA11112222333344445555666677778888";

    private static readonly (string, string)[] Incoming =
    [
        ("CallSid", Call), ("AccountSid", "AC00001111222233334444555566667777"), ("From", "+15035550142"), ("To", "+15035550100"),
        ("CallStatus", "ringing"), ("ApiVersion", "2010-04-01"), ("Direction", "inbound"), ("CallerName", ""), ("FromCity", "PORTLAND"),
        ("FromState", "OR"), ("FromZip", "97201"), ("FromCountry", "US"),
    ];

    private static readonly (string, string)[] Status =
        [("CallSid", Call), ("CallStatus", "completed"), ("CallDuration", "37"), ("SequenceNumber", "3")];

    private static readonly (string, string)[] Speech =
        [("CallSid", Call), ("SpeechResult", "  My name is O\u2019Brien & the café leaks 🚰 "), ("Confidence", "0.92"), ("Digits", "")];

    private static readonly (string, string)[] Cases = [("b", "2"), ("B", "1"), ("_", "3"), ("A10", "5"), ("A2", "4"), ("NumMedia", "0")];

    private const string JsonBody = "{\"event\":\"call.summary\",\"callSid\":\"CA11112222333344445555666677778888\",\"note\":\"café\"}";
    private const string JsonUrl = "https://voice.kestrel.example/twilio/events?bodySHA256=2fe317220b93df7632f7ec78140c35c0927e8427b6444de0b774a7efcbc84336";
    private const string GetUrl = "https://voice.kestrel.example/twilio/voice?tenant=42&CallSid=" + Call + "&From=%2B15035550142&CallStatus=ringing";

    public static readonly SignedRequest[] Accepted =
    [
        new("S1 form", "https://voice.kestrel.example/twilio/voice?tenant=42", "nqIGuRSeicqRbHw2oFA/glIljXk=", Incoming),
        new("S2 query", GetUrl, "rDsyyJ7ZHoxRQQGvA3UpUE8omUw="),
        new("S3 body", JsonUrl, "t40pJ5QQULmvTm9yWEIgJuwLgGE=") { Body = JsonBody },
        new("S4 signed with :443", "https://voice.kestrel.example/twilio/status", "xpA8fFBqJAyq9FOt3/wmZua+i+Y=", Status),
        new("S5 seen with :8443", "https://voice.kestrel.example:8443/twilio/status", "CWfLeT53k2wca9kZna3DE50FUX8=", Status),
        new("S6 socket", "wss://voice.kestrel.example/twilio/relay/42", "hOMRzT/ZYMKCyj0fKGPVM3wIgzg="),
        new("S7 unicode", "https://voice.kestrel.example/twilio/gather", "RPR8ElKS8Hevmn0BipHCLQEZbgA=", Speech),
        new("S8 ordinal order", "https://voice.kestrel.example/twilio/sms", "M+TCNmrazFLaP+0YHIFDUPbaHTo=", Cases),
        new("S9 repeated names", "https://voice.kestrel.example/twilio/multi", "WnHZWkj/tSbK3H5KJY0O4+Ui0xA=",
            ("Item", "beta"), ("Item", "alpha"), ("Item", "beta"), ("Z", "1")),
        new("S10 raw apostrophe", "https://voice.kestrel.example/twilio/voice?who=O'Brien&tag=a%20b", "wzI/m6O9NQkZMDIWgLE5/vojIVk=", ("CallSid", "CA1")),
        new("S11 user info", "https://kv:s3cret@voice.kestrel.example/twilio/voice", "bxqL5SGKdb2H52AKf0xDK1VQIhk=", ("CallSid", "CA1")),
    ];

    public static readonly SignedRequest[] Refused =
    [
        Accepted[0] with { Name = "S1 over http", Url = "http://voice.kestrel.example/twilio/voice?tenant=42" },
        Accepted[0] with { Name = "S1 with a slash before the query", Url = "https://voice.kestrel.example/twilio/voice/?tenant=42" },
        Accepted[0] with { Name = "S1 without the empty field", Form = [.. Incoming.Where(field => field.Item1 != "CallerName")] },
        Accepted[0] with { Name = "S1 with a field more", Form = [.. Incoming, ("Extra", "1")] },
        Accepted[0] with { Name = "S1 without its query", Url = "https://voice.kestrel.example/twilio/voice" },
        Accepted[1] with { Name = "S2 with a plus", Url = GetUrl.Replace("%2B", "+", StringComparison.Ordinal) },
        Accepted[1] with { Name = "S2 with its query as a form too", Form = [("tenant", "42"), ("CallSid", Call), ("From", "+15035550142"), ("CallStatus", "ringing")] },
        Accepted[2] with { Name = "S3 with a byte more", Body = JsonBody + " " },
        Accepted[5] with { Name = "S6 signed as https", Signature = "j4ck3NSFq3fiB6lYX7hF0z007cI=" },
        Accepted[6] with { Name = "S7 trimmed", Form = [.. Speech.Select(field => (field.Item1, field.Item2.Trim()))] },
        Accepted[7] with { Name = "S8 sorted without regard to case", Signature = "QJWCTcw50tUPJfZx0i9ws77Rots=" },
        Accepted[8] with { Name = "S9 joined by commas", Signature = "mRe3BDxRkjzOarX1KCZtsg+LXqU=" },
        Accepted[0] with { Name = "another signature", Signature = "AAAAAAAAAAAAAAAAAAAAAAAAAAA=" },
        Accepted[0] with { Name = "half a signature", Signature = "nqIGuRSeicqRbHw2oFA" },
        Accepted[0] with { Name = "a signature with more behind it", Signature = "nqIGuRSeicqRbHw2oFA/glIljXk==" },
        Accepted[0] with { Name = "no signature", Signature = "" },
    ];
}
