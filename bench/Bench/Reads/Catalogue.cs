using System.Globalization;
using System.Net;
using System.Text.Json;

namespace KestrelVoice.Bench.Reads;

/// <summary>Every read whose cost must not depend on how many calls there are.</summary>
internal static class Catalogue
{
    private const string List = "/api/call-logs";
    private const int Places = 24;

    /// <param name="Name">In the tables.</param>
    /// <param name="Found">Null when the product refuses it, or does not offer it.</param>
    /// <param name="Absent">Says so.</param>
    internal sealed record Entry(string Name, Probe? Found, string Absent);

    /// <summary>The same names in the same order, whatever the size.</summary>
    public static async Task<IReadOnlyList<Entry>> OfAsync(SeededStack stack, CancellationToken cancellationToken)
    {
        var (_, _, newest) = await stack.AskAsync($"{List}?limit=100", cancellationToken);
        // Ten thousand calls have nine a day, and ten that failed: so many rows that every size has them.
        const string Few = "limit=5";
        var day = (int back) => CallSeed.Today.AddDays(-back).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        (string Name, IReadOnlyList<string> Paths)[] reads =
        [
            ("first page", [List]),
            ("cursor, in the middle", await CursorsAsync(stack, 0.45, 0.55, cancellationToken)),
            ("cursor, near the end", await CursorsAsync(stack, 0.97, 0.99, cancellationToken)),
            ("offset, nine tenths", [.. Enumerable.Range(0, Places).Select(place => $"{List}?offset={(stack.Calls / 10 * 9) + (place * 37)}")]),
            ("status=completed", [$"{List}?status=completed"]),
            ("status=missed", [$"{List}?status=missed"]),
            ("outcome=failed", [$"{List}?outcome=failed&{Few}"]),
            ("bookable=true", [$"{List}?bookable=true"]),
            ("emergency=true", [$"{List}?emergency=true"]),
            ("emergency=false", [$"{List}?emergency=false"]),
            ("recovered=true", [$"{List}?recovered=true"]),
            ("recovered=false", [$"{List}?recovered=false"]),
            ("from_date", [$"{List}?from_date={day(30)}"]),
            ("to_date", [$"{List}?to_date={day(500)}"]),
            ("both, of one day", [.. Enumerable.Range(1, Places).Select(back => $"{List}?from_date={day(back * 40)}&to_date={day(back * 40)}&{Few}")]),
            ("status, outcome and days", [$"{List}?status=missed&outcome=abandoned&from_date={day(400)}&to_date={day(100)}"]),
            ("detail", [.. newest.GetProperty("data").EnumerateArray().Where(IsOver).Select(call => $"{List}/{call.GetProperty("id").GetString()}")]),
            ("analytics, 90 days", ["/api/analytics?range=90d&interval=day"]),
        ];
        var entries = new List<Entry>();
        foreach (var (name, paths) in reads)
            entries.Add(await EntryAsync(stack, name, paths, cancellationToken));
        entries.Add(await UnchangedAsync(stack, "first page, unchanged (304)", cancellationToken));
        return entries;
    }

    /// <summary>The first page for those who have it already.</summary>
    public static async Task<Entry> UnchangedAsync(SeededStack stack, string name, CancellationToken cancellationToken)
    {
        var (_, tag, _) = await stack.AskAsync(List, cancellationToken);
        return tag is null
            ? new Entry(name, null, "no ETag")
            : new Entry(name, Conditional(stack.ByKey(name, [List]), tag), "");

        static Probe Conditional(Probe probe, string tag) => probe with
        {
            Headers = new Dictionary<string, string>(probe.Headers) { ["If-None-Match"] = tag },
            Status = (int)HttpStatusCode.NotModified,
        };
    }

    private static async Task<Entry> EntryAsync(SeededStack stack, string name, IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        var (status, _, body) = await stack.AskAsync(paths[0], cancellationToken);
        return status switch
        {
            HttpStatusCode.OK => new Entry(name, stack.ByKey(name, paths), ""),
            HttpStatusCode.BadRequest => new Entry(name, null, "refused"),
            _ => throw new InvalidOperationException($"{paths[0]} was answered with {status}: {body}"),
        };
    }

    // What comes after a moment is told by the page that ends there.
    private static async Task<IReadOnlyList<string>> CursorsAsync(SeededStack stack, double from, double to, CancellationToken cancellationToken)
    {
        var paths = new List<string>();
        for (var place = 0; place < Places; place++)
        {
            var back = CallSeed.Days * (from + ((to - from) * place / Places));
            var until = CallSeed.Today.ToDateTime(TimeOnly.MinValue).AddDays(-back).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            var (_, _, page) = await stack.AskAsync($"{List}?to_date={until}", cancellationToken);
            paths.Add($"{List}?cursor={page.GetProperty("pagination").GetProperty("next_cursor").GetString()}");
        }
        return paths;
    }

    private static bool IsOver(JsonElement call) => call.GetProperty("status").GetString() is not "in-progress";
}
