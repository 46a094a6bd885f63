using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace KestrelVoice.Cli.Testing;

/// <summary>What a test assembly wrote about itself with <c>-xml</c>.</summary>
/// <param name="Counts">Errors outside of tests count as failures.</param>
/// <param name="Failures">Name and explanation of each failure.</param>
internal sealed record TestReport(TestCounts Counts, IReadOnlyList<string> Failures)
{
    /// <summary>Null when there is no complete report: the assembly crashed or was stopped.</summary>
    public static TestReport? Read(string path)
    {
        try
        {
            return Parse(XDocument.Load(path));
        }
        catch (Exception problem) when (problem is IOException or XmlException)
        {
            return null;
        }
    }

    internal static TestReport? Parse(XDocument document)
    {
        var assemblies = document.Descendants("assembly").ToList();
        if (assemblies.Count == 0)
            return null;
        var failed = assemblies.Descendants("test").Where(test => (string?)test.Attribute("result") == "Fail");
        return new TestReport(
            new TestCounts(Sum(assemblies, "passed"), Sum(assemblies, "failed") + Sum(assemblies, "errors"), Sum(assemblies, "skipped")),
            [.. failed.Select(test => Describe((string?)test.Attribute("name"), test)), .. assemblies.Descendants("error").Select(error => Describe((string?)error.Attribute("name"), error))]);
    }

    private static int Sum(IEnumerable<XElement> assemblies, string attribute) =>
        assemblies.Sum(assembly => int.Parse((string?)assembly.Attribute(attribute) ?? "0", CultureInfo.InvariantCulture));

    private static string Describe(string? name, XElement element)
    {
        string[] parts =
        [
            name ?? "(outside of a test)",
            .. Indented(element.Descendants("message").FirstOrDefault()?.Value, 60),
            .. Indented(element.Descendants("stack-trace").FirstOrDefault()?.Value, 12),
            .. Indented(element.Element("output")?.Value, 40),
        ];
        return string.Join('\n', parts);
    }

    private static IEnumerable<string> Indented(string? text, int lines) =>
        (text ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries).Take(lines).Select(line => $"    {line.TrimEnd()}");
}
