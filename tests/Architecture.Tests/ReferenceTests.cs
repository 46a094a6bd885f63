using System.Xml.Linq;

namespace KestrelVoice.Architecture.Tests;

public sealed class ReferenceTests
{
    // Who may reference whom: Contracts <- Workflow, Features, Voice <- Host; tools see at most Contracts.
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["src/Contracts"] = [],
        ["src/Workflow"] = [],
        ["src/Features"] = ["Contracts", "Workflow"],
        ["src/Voice"] = ["Contracts"],
        ["src/Host"] = ["Features", "Contracts"],
        ["tools/LocalDapr"] = ["Contracts"],
        ["tools/CallSimulator"] = ["Contracts"],
        ["tools/GoogleStandIn"] = [],
        ["tools/Kestrel"] = ["Contracts", "LocalDapr", "CallSimulator", "GoogleStandIn"],
    };

    [Fact]
    public void Projects_reference_only_what_the_house_allows() => Rule.Holds(Allowed, project =>
    {
        var file = Directory.GetFiles(Path.Combine(Checkout.Root, project.Key), "*.csproj").Single();
        var references = XDocument.Load(file).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!));
        var extra = references.Except(project.Value).ToList();
        return extra.Count == 0 ? null : $"{project.Key} references {string.Join(", ", extra)}";
    });

    [Fact]
    public void Every_project_of_src_and_tools_is_in_the_map_above() => Rule.Holds(
        new[] { "src", "tools" }.SelectMany(folder => Directory.GetFiles(Path.Combine(Checkout.Root, folder), "*.csproj", SearchOption.AllDirectories)),
        file =>
        {
            var folder = Path.GetRelativePath(Checkout.Root, Path.GetDirectoryName(file)!).Replace('\\', '/');
            return Allowed.ContainsKey(folder) ? null : folder;
        });

    [Fact]
    public void Contracts_stands_alone() => Rule.Holds(
        Solution.Contracts.GetReferencedAssemblies(),
        reference => reference.Name!.StartsWith("System", StringComparison.Ordinal) || reference.Name is "netstandard" ? null : reference.Name);

    [Fact]
    public void Voice_never_touches_the_database() => Rule.Holds(
        Solution.Voice.GetReferencedAssemblies(),
        reference => reference.Name is "Npgsql" or "Dapper" or "KestrelVoice.Features" ? reference.Name : null);

    [Fact]
    public void Kernel_depends_on_no_feature() => Rule.Holds(
        Solution.Dependencies(Solution.Features).Where(entry => entry.Key.StartsWith("KestrelVoice.Features.Kernel.", StringComparison.Ordinal)),
        entry =>
        {
            var features = entry.Value.Where(name =>
                name.StartsWith("KestrelVoice.Features.", StringComparison.Ordinal) && !name.StartsWith("KestrelVoice.Features.Kernel.", StringComparison.Ordinal)).ToList();
            return features.Count == 0 ? null : $"{entry.Key} mentions {string.Join(", ", features)}";
        });

    [Fact]
    public void Nobody_but_tests_references_the_host() => Rule.Holds(
        new[] { Solution.Contracts, Solution.Features, Solution.Voice }.Concat(Solution.Tools),
        assembly => assembly.GetReferencedAssemblies().Any(reference => reference.Name == "KestrelVoice.Host") ? assembly.GetName().Name : null);

    [Fact]
    public void Names_that_say_nothing_are_not_used() => Rule.Holds(
        Solution.Product.Concat(Solution.Tools).SelectMany(Solution.WrittenTypes),
        type => Forbidden.FirstOrDefault(word => type.Name.EndsWith(word, StringComparison.Ordinal)
            || type.Namespace?.Split('.').Contains(word, StringComparer.Ordinal) == true) is { } found ? $"{type.FullName} ({found})" : null);

    private static readonly string[] Forbidden = ["Common", "Shared", "Utils", "Util", "Helper", "Helpers", "Manager", "Repository", "Misc"];
}
