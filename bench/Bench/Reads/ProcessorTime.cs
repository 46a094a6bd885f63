using System.Globalization;

namespace KestrelVoice.Bench.Reads;

/// <summary>What every process of the machine has used of the processors so far, as <c>/proc</c> tells.</summary>
internal sealed class ProcessorTime
{
    // Linux tells it in hundredths of a second, whatever the kernel's own clock.
    private const double TicksASecond = 100;

    // After the name in parentheses: state, parent, ..., then user and system time, and the same of children that have ended.
    private const int ParentAt = 1;
    private const int TimesAt = 11;
    private const int Times = 4;

    private readonly Dictionary<int, double> seconds = [];
    private readonly Dictionary<int, List<int>> children = [];

    private ProcessorTime()
    {
    }

    public static ProcessorTime Now()
    {
        var now = new ProcessorTime();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var process))
                now.Add(process, Path.Combine(folder, "stat"));
        }
        return now;
    }

    /// <summary>Of a process and everything below it, in seconds.</summary>
    public double OfTree(int process) =>
        seconds.GetValueOrDefault(process) + children.GetValueOrDefault(process, []).Sum(OfTree);

    private void Add(int process, string file)
    {
        string stat;
        try
        {
            stat = File.ReadAllText(file);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return;
        }
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        seconds[process] = fields.Skip(TimesAt).Take(Times).Sum(field => double.Parse(field, CultureInfo.InvariantCulture)) / TicksASecond;
        var parent = int.Parse(fields[ParentAt], CultureInfo.InvariantCulture);
        if (!children.TryGetValue(parent, out var siblings))
            children[parent] = siblings = [];
        siblings.Add(process);
    }
}
