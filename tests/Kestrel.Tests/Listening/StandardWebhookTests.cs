using System.Text;
using KestrelVoice.Cli.Listening;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace KestrelVoice.Kestrel.Tests.Listening;

public sealed class StandardWebhookTests
{
    // Computed with the npm library standardwebhooks 1.1.1.
    private const string Secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
    private const string Signature = "v1,k6ZKX5qkeWiO3zV26zVcS/5r0ZovQshGFWw8a6quO3k=";
    private const string NextSecret = "whsec_GBkaGxwdHh8gISIjJCUmJygpKissLS4v";
    private const string NextSignature = "v1,RtaGdyOLStKF4dCx25ikCTolg9u9+7GiksQrMEh/NqY=";
    private const long At = 1767225600;

    private static readonly byte[] Body = Encoding.UTF8.GetBytes("""{"type":"call.completed","timestamp":"2026-01-01T00:00:00Z","data":{"callId":"c1"}}""");

    private readonly FakeTimeProvider clock = new(DateTimeOffset.FromUnixTimeSeconds(At));

    [Theory]
    [InlineData(Secret, Signature)]
    [InlineData(NextSecret, NextSignature)]
    [InlineData(Secret, NextSignature + " " + Signature)]
    [InlineData(Secret, "v1a,abc v2,def v1 nonsense, v1, " + Signature)]
    public void A_signature_of_the_secret_is_believed(string secret, string signatures) =>
        new StandardWebhook(secret, clock).Complaint(Headers(signatures), Body).ShouldBeNull();

    [Theory]
    [InlineData(Secret, NextSignature)]
    [InlineData(Secret, "v1a,k6ZKX5qkeWiO3zV26zVcS/5r0ZovQshGFWw8a6quO3k=")]
    [InlineData(Secret, "k6ZKX5qkeWiO3zV26zVcS/5r0ZovQshGFWw8a6quO3k=")]
    [InlineData(Secret, "v1,")]
    public void Any_other_is_not(string secret, string signatures) =>
        new StandardWebhook(secret, clock).Complaint(Headers(signatures), Body).ShouldBe("no signature is of this secret");

    [Fact]
    public void Another_body_or_id_is_not_what_was_signed()
    {
        var webhook = new StandardWebhook(Secret, clock);

        webhook.Complaint(Headers(Signature), [.. Body, (byte)' ']).ShouldNotBeNull();
        webhook.Complaint(Headers(Signature, id: "msg_other"), Body).ShouldNotBeNull();
    }

    [Theory]
    [InlineData(300, true)]
    [InlineData(301, false)]
    [InlineData(-300, true)]
    [InlineData(-301, false)]
    public void Five_minutes_either_way_are_forgiven(int seconds, bool believed)
    {
        var elsewhere = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(At + seconds));

        (new StandardWebhook(Secret, elsewhere).Complaint(Headers(Signature), Body) is null).ShouldBe(believed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("soon")]
    [InlineData("-1")]
    [InlineData("9223372036854775807")]
    [InlineData("99999999999999999999999999")]
    public void A_timestamp_that_is_none_is_a_complaint(string timestamp) =>
        new StandardWebhook(Secret, clock).Complaint(Headers(Signature, timestamp: timestamp), Body).ShouldNotBeNull();

    private static HeaderDictionary Headers(string signatures, string id = "msg_kvtest1", string? timestamp = null) => new()
    {
        ["webhook-id"] = id,
        ["webhook-timestamp"] = timestamp ?? $"{At}",
        ["webhook-signature"] = signatures,
    };
}
