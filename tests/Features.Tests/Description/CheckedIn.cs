namespace KestrelVoice.Features.Tests.Description;

/// <summary>A file of the repository that is made from the running product, and kept so that a change of it shows in review.</summary>
internal static class CheckedIn
{
    /// <summary>Set to 1, it writes the files instead of holding the product to them.</summary>
    private const string Accept = "KESTREL_ACCEPT";

    /// <param name="lasting">What of the text is the same in every run, where not all of it is.</param>
    public static async Task ShouldBeCheckedInAs(this string made, string path, Func<string, string>? lasting = null)
    {
        var file = Path.Combine(Checkout.Root, path);
        var text = made.ReplaceLineEndings("\n").TrimEnd() + "\n";
        var kept = File.Exists(file) ? await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken) : "";
        var (expected, actual) = lasting is null ? (kept, text) : (lasting(kept), lasting(text));
        if (expected == actual)
            return;
        if (Environment.GetEnvironmentVariable(Accept) == "1")
            await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
        else
            // Not by Shouldly: its difference of two long texts takes minutes.
            Assert.Fail($"{path} is not what the product says of itself, from line {FirstDifference(expected, actual)} on. If that is meant: {Accept}=1 ./kestrel test, again until it passes, and read the difference.");
    }

    private static int FirstDifference(string kept, string made) =>
        kept.Split('\n').Zip(made.Split('\n')).TakeWhile(lines => lines.First == lines.Second).Count() + 1;
}
