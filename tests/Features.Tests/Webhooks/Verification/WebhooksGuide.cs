using System.Text.Json;
using System.Text.RegularExpressions;

namespace KestrelVoice.Features.Tests.Webhooks.Verification;

/// <summary>docs/webhooks.md, of which the tests run what it shows.</summary>
internal static partial class WebhooksGuide
{
    private static string Text { get; } = File.ReadAllText(Path.Combine(Checkout.Root, "docs", "webhooks.md"));

    /// <summary>The first block of code below a heading.</summary>
    public static string CodeUnder(string heading)
    {
        var block = Block().Match(Text, Text.IndexOf($"\n### {heading}\n", StringComparison.Ordinal));
        block.Success.ShouldBeTrue(heading);
        return block.Groups["code"].Value;
    }

    public static IReadOnlyList<SignedDelivery> Vectors() =>
    [
        .. from vector in JsonElement.Parse(CodeUnder("Test vectors")).EnumerateArray()
           from secret in vector.Texts("secrets")
           select new SignedDelivery(
               secret,
               vector.EnumerateObject().Where(member => member.Name.StartsWith("webhook-", StringComparison.Ordinal))
                   .ToDictionary(member => member.Name, member => member.Value.GetString()!),
               System.Text.Encoding.UTF8.GetBytes(vector.Text("body")),
               long.Parse(vector.Text("webhook-timestamp"), System.Globalization.CultureInfo.InvariantCulture)),
    ];

    [GeneratedRegex(@"^```\w+\n(?<code>.*?)^```$", RegexOptions.Singleline | RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Block();
}

/// <summary>What a receiver sees, and the secret that it has.</summary>
/// <param name="Headers">Names in lower case.</param>
/// <param name="Now">When the receiver looks, in seconds since 1970; null for the real time.</param>
internal sealed record SignedDelivery(string Secret, IReadOnlyDictionary<string, string> Headers, byte[] Body, long? Now = null)
{
    /// <summary>As it may not be believed, for one reason each.</summary>
    public IEnumerable<(string Why, SignedDelivery Delivery)> Forgeries()
    {
        var now = Now ?? long.Parse(Headers["webhook-timestamp"], System.Globalization.CultureInfo.InvariantCulture);
        yield return ("another body", this with { Body = [.. Body, (byte)' '], Now = now });
        yield return ("another id", With("webhook-id", "evt_other") with { Now = now });
        yield return ("another moment", With("webhook-timestamp", $"{now + 1}") with { Now = now });
        yield return ("no moment", With("webhook-timestamp", "soon") with { Now = now });
        yield return ("another secret", this with { Secret = "whsec_" + Convert.ToBase64String(new byte[32]), Now = now });
        yield return ("another version", With("webhook-signature", Headers["webhook-signature"].Replace("v1,", "v2,", StringComparison.Ordinal)) with { Now = now });
        yield return ("too late", this with { Now = now + 301 });
        yield return ("too early", this with { Now = now - 301 });
    }

    private SignedDelivery With(string header, string value) => this with { Headers = new Dictionary<string, string>(Headers) { [header] = value } };
}
