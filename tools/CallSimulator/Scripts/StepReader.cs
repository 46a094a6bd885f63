using System.Globalization;
using System.Text.RegularExpressions;
using KestrelVoice.CallSimulator.Callers;
using YamlDotNet.RepresentationModel;

namespace KestrelVoice.CallSimulator.Scripts;

/// <summary>Reads one step: a mapping with one key, or the bare name of a step that needs no value.</summary>
internal static class StepReader
{
    private const int LongestTalk = 3600;
    private static readonly string[] Names = ["say", "press", "wait", "hang_up", "record", "dial", "hears", "hears_not", "dialled", "verb", "ends"];
    private static readonly string[] Endings = ["completed", "busy", "no-answer", "failed", "canceled"];

    public static Step Read(string file, YamlNode node)
    {
        var (name, value) = node switch
        {
            YamlScalarNode { Value: { Length: > 0 } bare } => (bare, null),
            YamlMappingNode { Children: [var (key, content)] } => (YamlMap.Scalar(file, key, "a step"), YamlMap.IsEmpty(content) ? null : content),
            _ => throw YamlMap.Wrong(file, node, "a step is one key with its value, such as \"- say: my sink leaks\""),
        };
        var line = (int)node.Start.Line;
        if (!Names.Contains(name, StringComparer.Ordinal))
            throw YamlMap.Wrong(file, node, $"unknown step '{name}'; known: {string.Join(", ", Names)}");
        return value is null
            ? ReadBare(name, line) ?? throw YamlMap.Wrong(file, node, $"{name} needs a value (quote it when it begins with #)")
            : Read(file, name, value, line);
    }

    private static Step? ReadBare(string name, int line) => name switch
    {
        "wait" => new Step.Wait(Line: line),
        "hang_up" => new Step.HangUp(line),
        "ends" => new Step.Ends(Line: line),
        _ => null,
    };

    private static Step Read(string file, string name, YamlNode value, int line) => name switch
    {
        "say" => ReadSay(file, value, line),
        "press" => ReadPress(file, value, line),
        "wait" => new Step.Wait(YamlMap.Number(file, value, name, 1, LongestTalk), line),
        "record" => new Step.Record(ReadMessage(file, value), line),
        "dial" => new Step.Dial(ReadRing(file, value), line),
        "hears" => new Step.Hears(ReadMatch(file, value, name), line),
        "hears_not" => new Step.HearsNot(ReadMatch(file, value, name), line),
        "dialled" => new Step.Dialled(YamlMap.Scalar(file, value, name), line),
        "verb" => new Step.Verb(YamlMap.Scalar(file, value, name), line),
        "ends" => new Step.Ends(OneOf(file, value, name, YamlMap.Scalar(file, value, name), Endings), line),
        _ => throw YamlMap.Wrong(file, value, $"{name} takes no value"),
    };

    public static TextMatch ReadMatch(string file, YamlNode node, string name)
    {
        if (node is not YamlMappingNode)
            return new TextMatch(YamlMap.Scalar(file, node, name));
        var map = new YamlMap(file, node, name);
        var pattern = map.Text("regex") ?? throw map.Wrong($"{name} takes words, or regex: with a regular expression");
        map.NoMoreKeys("regex");
        try
        {
            _ = new Regex(pattern, RegexOptions.CultureInvariant);
            return new TextMatch(pattern, IsRegex: true);
        }
        catch (ArgumentException exception)
        {
            throw map.Wrong($"{name}: {exception.Message}");
        }
    }

    private static Step.Say ReadSay(string file, YamlNode value, int line)
    {
        if (value is not YamlMappingNode)
            return new Step.Say(YamlMap.Scalar(file, value, "say"), Line: line);
        var map = new YamlMap(file, value, "say");
        var words = map.Text("text") ?? throw map.Wrong("say needs a text");
        double? confidence = null;
        if (map.Text("confidence") is { } text)
        {
            confidence = double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var read) && read is >= 0 and <= 1
                ? read
                : throw map.Wrong("confidence must be a number from 0 to 1");
        }

        var interrupts = map.Flag("interrupt") ?? false;
        map.NoMoreKeys("text", "confidence", "interrupt");
        return new Step.Say(words, confidence, interrupts, line);
    }

    private static Step.Press ReadPress(string file, YamlNode value, int line)
    {
        if (value is not YamlMappingNode)
            return new Step.Press(Keys(file, value, YamlMap.Scalar(file, value, "press")), Line: line);
        var map = new YamlMap(file, value, "press");
        var keys = Keys(file, value, map.Text("keys") ?? throw map.Wrong("press needs keys"));
        var interrupts = map.Flag("interrupt") ?? false;
        map.NoMoreKeys("keys", "interrupt");
        return new Step.Press(keys, interrupts, line);
    }

    private static Message ReadMessage(string file, YamlNode value)
    {
        if (value is not YamlMappingNode)
            return new Message(YamlMap.Number(file, value, "record", 0, LongestTalk), MessageEnd.Silence);
        var map = new YamlMap(file, value, "record");
        var seconds = map.Number("seconds", 0, LongestTalk) ?? throw map.Wrong("record needs seconds");
        var finish = map.Text("finish") ?? "silence";
        map.NoMoreKeys("seconds", "finish");
        return finish switch
        {
            "silence" => new Message(seconds, MessageEnd.Silence),
            "hang_up" => new Message(seconds, MessageEnd.HangUp),
            [var key] => new Message(seconds, MessageEnd.Key, Keys(file, value, key.ToString())[0]),
            _ => throw map.Wrong("finish must be silence, hang_up or one key"),
        };
    }

    private static RingMove ReadRing(string file, YamlNode value)
    {
        if (value is not YamlMappingNode)
        {
            return new RingMove(OneOf(file, value, "dial", YamlMap.Scalar(file, value, "dial"), "busy", "no-answer", "failed", "canceled") switch
            {
                "busy" => RingResult.Busy,
                "no-answer" => RingResult.NoAnswer,
                "failed" => RingResult.Failed,
                _ => RingResult.Canceled,
            });
        }

        var map = new YamlMap(file, value, "dial");
        var talk = map.Number("answered", 0, LongestTalk) ?? throw map.Wrong("dial is busy, no-answer, failed, canceled, or {answered: <seconds>}");
        var rings = map.Number("rings", 0, LongestTalk) ?? 4;
        var by = OneOf(file, value, "hung_up_by", map.Text("hung_up_by") ?? "callee", "callee", "caller");
        map.NoMoreKeys("answered", "rings", "hung_up_by");
        return new RingMove(RingResult.Answered, talk, rings, CallerEnds: by == "caller");
    }

    private static string Keys(string file, YamlNode at, string keys) => keys.All(key => char.IsAsciiDigit(key) || key is '*' or '#')
        ? keys
        : throw YamlMap.Wrong(file, at, $"'{keys}' holds something other than 0-9 * #");

    private static string OneOf(string file, YamlNode at, string name, string text, params string[] choices) => choices.Contains(text, StringComparer.Ordinal)
        ? text
        : throw YamlMap.Wrong(file, at, $"{name}: '{text}' is not one of {string.Join(", ", choices)}");
}
