using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace KestrelVoice.CallSimulator.Scripts;

/// <summary>Reads call scripts; the format is described in <c>docs/simulator.md</c>.</summary>
public static class CallScriptReader
{
    private const int LongestPatience = 300;

    /// <summary>Reads a file.</summary>
    /// <exception cref="CallScriptException">It says something that nobody would act on, or is not YAML.</exception>
    public static async Task<CallScript> ReadFileAsync(string path, CancellationToken cancellationToken) =>
        Read(Path.GetFileName(path), await File.ReadAllTextAsync(path, cancellationToken));

    /// <summary>Reads a text.</summary>
    /// <param name="file">What to call it in messages.</param>
    /// <param name="yaml">The text.</param>
    /// <exception cref="CallScriptException">It says something that nobody would act on, or is not YAML.</exception>
    public static CallScript Read(string file, string yaml)
    {
        try
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(yaml));
            return stream.Documents is [var document]
                ? ReadScript(file, new YamlMap(file, document.RootNode, "a script"))
                : throw new CallScriptException(file, 1, "a script is exactly one YAML document");
        }
        catch (YamlException exception)
        {
            throw new CallScriptException(file, exception.Start.Line, exception.Message);
        }
    }

    private static CallScript ReadScript(string file, YamlMap map)
    {
        var steps = map.Take("steps") as YamlSequenceNode ?? throw map.Wrong("steps must be a list");
        var expected = map.Take("call_log") is { } log ? ReadCallLog(file, log) : null;
        var script = new CallScript([.. steps.Children.Select(step => StepReader.Read(file, step))], expected)
        {
            Description = map.Text("description"),
            From = map.Text("from"),
            To = map.Text("to"),
            CallerName = map.Text("caller_name"),
            ForwardedFrom = map.Text("forwarded_from"),
            Seed = map.Number("seed", 0, int.MaxValue),
            Text = map.Take("text") is { } text ? StepReader.ReadMatch(file, text, "text") : null,
            StartsAt = map.Take("starts_at") is { } start ? ReadInstant(file, start) : null,
        };
        map.NoMoreKeys("description", "from", "to", "caller_name", "forwarded_from", "seed", "starts_at", "steps", "call_log", "text");
        return script;
    }

    private static DateTimeOffset ReadInstant(string file, YamlNode node) => DateTimeOffset.TryParse(
        YamlMap.Scalar(file, node, "starts_at"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant)
        ? instant
        : throw YamlMap.Wrong(file, node, "starts_at must be a time such as 2026-03-02T09:30:00-08:00");

    private static CallLogExpectation ReadCallLog(string file, YamlNode node)
    {
        var map = new YamlMap(file, node, "call_log");
        var expectation = new CallLogExpectation
        {
            Within = TimeSpan.FromSeconds(map.Number("within", 1, LongestPatience) ?? 10),
            Status = map.Text("status"),
            Outcome = map.Text("outcome"),
            Emergency = map.Flag("emergency"),
            Recording = map.Flag("recording"),
            TurnsContain = map.Take("turns_contain") switch
            {
                null => [],
                YamlSequenceNode list => [.. list.Children.Select(item => StepReader.ReadMatch(file, item, "turns_contain"))],
                var single => [StepReader.ReadMatch(file, single, "turns_contain")],
            },
        };
        map.NoMoreKeys("within", "status", "outcome", "emergency", "recording", "turns_contain");
        return expectation;
    }
}
