using System.Globalization;

namespace KestrelVoice.Bench.Reads;

/// <summary>Tables in Markdown, so that what was printed can be kept as it is.</summary>
internal sealed class Report(TextWriter output, string title, params IReadOnlyList<string> columns)
{
    private readonly List<IReadOnlyList<string>> rows = [];

    public void Add(params IReadOnlyList<string> cells) => rows.Add(cells);

    public async Task WriteAsync()
    {
        var widths = columns.Select((column, index) => rows.Append(columns).Max(row => row[index].Length)).ToArray();
        await output.WriteLineAsync($"\n### {title}\n");
        await output.WriteLineAsync(Line(columns, widths));
        await output.WriteLineAsync($"|{string.Concat(widths.Select(width => new string('-', width + 2) + "|"))}");
        foreach (var row in rows)
            await output.WriteLineAsync(Line(row, widths));
        await output.FlushAsync();
    }

    /// <summary>The median over the rounds.</summary>
    public static string Median(IEnumerable<Turn> turns, Func<Turn, double> measure, string format = "F0") =>
        Load.Median(turns.Select(measure)).ToString(format, CultureInfo.InvariantCulture);

    private static string Line(IReadOnlyList<string> cells, int[] widths) =>
        $"|{string.Concat(cells.Select((cell, index) => $" {(index == 0 ? cell.PadRight(widths[index]) : cell.PadLeft(widths[index]))} |"))}";
}
