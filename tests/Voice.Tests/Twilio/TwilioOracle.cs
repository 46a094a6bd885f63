using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Xml.Linq;

namespace KestrelVoice.Voice.Tests.Twilio;

/// <summary>The stock npm <c>twilio</c> library, in its own process.</summary>
internal static class TwilioOracle
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    public static async Task<IReadOnlyList<JsonElement>> AskAsync(IEnumerable<object> questions, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(Checkout.Root, "tests", "Oracles");
        Directory.Exists(Path.Combine(folder, "node_modules", "twilio")).ShouldBeTrue("Run `npm ci` in tests/Oracles first.");
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(TimeSpan.FromSeconds(60));
        var start = new ProcessStartInfo("node", ["twilio/oracle.mjs"])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var node = Process.Start(start)!;
        var output = node.StandardOutput.ReadToEndAsync(timeout.Token);
        var errors = node.StandardError.ReadToEndAsync(timeout.Token);
        await JsonSerializer.SerializeAsync(node.StandardInput.BaseStream, questions, Json, timeout.Token);
        node.StandardInput.Close();
        await node.WaitForExitAsync(timeout.Token);
        node.ExitCode.ShouldBe(0, await errors);
        return [.. JsonDocument.Parse(await output).RootElement.EnumerateArray()];
    }

    public static object Sign(string token, string url, IEnumerable<KeyValuePair<string, string>> parameters) =>
        new { Ask = "sign", Token = token, Url = url, Parameters = ToObject(parameters) };

    public static object Validate(string token, string url, IEnumerable<KeyValuePair<string, string>> parameters, string signature) =>
        new { Ask = "validate", Token = token, Url = url, Parameters = ToObject(parameters), Signature = signature };

    public static object ValidateBody(string token, string url, string body, string signature) =>
        new { Ask = "validateBody", Token = token, Url = url, Body = body, Signature = signature };

    /// <summary>Builds the same document with the library.</summary>
    public static object Rebuild(XElement response) => new { Ask = "twiml", Elements = response.Elements().Select(Describe).ToArray() };

    /// <summary>Element names, unordered attributes and text: what the libraries for Twilio agree on.</summary>
    public static string Canonical(XElement element) => Canonicalise(element).ToString(SaveOptions.DisableFormatting);

    private static XElement Canonicalise(XElement element) => new(
        element.Name,
        element.Attributes().OrderBy(attribute => attribute.Name.LocalName, StringComparer.Ordinal),
        element.HasElements ? element.Elements().Select(Canonicalise) : element.Value);

    private static object Describe(XElement element) => new
    {
        Name = element.Name.LocalName,
        Attributes = element.Attributes().ToDictionary(attribute => attribute.Name.LocalName, attribute => attribute.Value),
        Text = element.HasElements ? "" : element.Value,
        Children = element.Elements().Select(Describe).ToArray(),
    };

    private static Dictionary<string, object> ToObject(IEnumerable<KeyValuePair<string, string>> parameters) => parameters
        .GroupBy(parameter => parameter.Key, parameter => parameter.Value, StringComparer.Ordinal)
        .ToDictionary(group => group.Key, object (group) => group.Count() == 1 ? group.First() : group.ToArray());
}
