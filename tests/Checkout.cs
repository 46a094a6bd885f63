namespace KestrelVoice.Tests;

/// <summary>The checkout that these tests were built from, and the programs that were built beside them.</summary>
internal static class Checkout
{
    public static string Root { get; } = Find();

    /// <summary>An app of the product, such as <c>Host</c>.</summary>
    public static string App(string name) => Path.Combine(Root, "src", name, "bin", "Release", "net10.0", $"KestrelVoice.{name}.dll");

    public static string Kestrel => Path.Combine(Root, "tools", "Kestrel", "bin", "Release", "net10.0", "kestrel.dll");

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "KestrelVoice.sln")))
                return folder.FullName;
        }
        throw new InvalidOperationException("These tests run from a checkout: no KestrelVoice.sln above " + AppContext.BaseDirectory);
    }
}
