using KestrelVoice.CallSimulator.Webhooks;

namespace KestrelVoice.CallSimulator.Tests;

public sealed class TwilioSignatureTests
{
    private const string Token = "6f1c2b9e4d8a4b17a0c3e5f7d9b1a2c4";
    private const string Host = "voice.kestrel.example";
    private const string Sid = "CA11112222333344445555666677778888";

    public static TheoryData<string, string, string[], string> Vectors => new()
    {
        {
            "form with an empty value", $"https://{Host}/twilio/voice?tenant=42",
            [
                "CallSid", Sid, "AccountSid", "AC00001111222233334444555566667777", "From", "+15035550142", "To", "+15035550100", "CallStatus", "ringing",
                "ApiVersion", "2010-04-01", "Direction", "inbound", "CallerName", "", "FromCity", "PORTLAND", "FromState", "OR", "FromZip", "97201", "FromCountry", "US",
            ],
            "nqIGuRSeicqRbHw2oFA/glIljXk="
        },
        { "GET", $"https://{Host}/twilio/voice?tenant=42&CallSid={Sid}&From=%2B15035550142&CallStatus=ringing", [], "rDsyyJ7ZHoxRQQGvA3UpUE8omUw=" },
        {
            "JSON", $"https://{Host}/twilio/events?bodySHA256=2fe317220b93df7632f7ec78140c35c0927e8427b6444de0b774a7efcbc84336", [],
            "t40pJ5QQULmvTm9yWEIgJuwLgGE="
        },
        { "standard port", $"https://{Host}:443/twilio/status", Status, "xpA8fFBqJAyq9FOt3/wmZua+i+Y=" },
        { "without its port", $"https://{Host}/twilio/status", Status, "CWfLeT53k2wca9kZna3DE50FUX8=" },
        { "WebSocket", $"wss://{Host}/twilio/relay/42", [], "hOMRzT/ZYMKCyj0fKGPVM3wIgzg=" },
        {
            "Unicode and outer blanks", $"https://{Host}/twilio/gather",
            ["CallSid", Sid, "SpeechResult", "  My name is O\u2019Brien & the caf\u00e9 leaks \U0001F6B0 ", "Confidence", "0.92", "Digits", ""],
            "RPR8ElKS8Hevmn0BipHCLQEZbgA="
        },
        { "ordinal order", $"https://{Host}/twilio/sms", ["b", "2", "B", "1", "_", "3", "A10", "5", "A2", "4", "NumMedia", "0"], "M+TCNmrazFLaP+0YHIFDUPbaHTo=" },
        { "repeated names", $"https://{Host}/twilio/multi", ["Item", "beta", "Item", "alpha", "Item", "beta", "Z", "1"], "WnHZWkj/tSbK3H5KJY0O4+Ui0xA=" },
        { "raw apostrophe", $"https://{Host}/twilio/voice?who=O'Brien&tag=a%20b", ["CallSid", "CA1"], "wzI/m6O9NQkZMDIWgLE5/vojIVk=" },
        { "userinfo", $"https://kv:s3cret@{Host}/twilio/voice", ["CallSid", "CA1"], "bxqL5SGKdb2H52AKf0xDK1VQIhk=" },
    };

    private static string[] Status => ["CallSid", Sid, "CallStatus", "completed", "CallDuration", "37", "SequenceNumber", "3"];

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Signatures_are_those_of_Twilio(string name, string url, string[] form, string signature) =>
        TwilioSignature.Compute(Token, url, Pairs(form)).ShouldBe(signature, name);

    [Fact]
    public void Another_value_has_another_signature() =>
        TwilioSignature.Compute(Token, $"https://{Host}/twilio/status", Pairs([.. Status, "Extra", "1"])).ShouldNotBe("CWfLeT53k2wca9kZna3DE50FUX8=");

    private static IEnumerable<KeyValuePair<string, string>> Pairs(string[] flat) =>
        flat.Chunk(2).Select(pair => new KeyValuePair<string, string>(pair[0], pair[1]));
}
