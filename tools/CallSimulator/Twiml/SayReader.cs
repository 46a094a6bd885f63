using System.Text.RegularExpressions;

namespace KestrelVoice.CallSimulator.Twiml;

/// <summary>Reads <c>Say</c> and the SSML in it.</summary>
internal static partial class SayReader
{
    private const int LongestText = 4096;

    private static readonly Dictionary<string, string[]> Ssml = new(StringComparer.Ordinal)
    {
        ["break"] = ["strength", "time"],
        ["emphasis"] = ["level"],
        ["lang"] = ["{http://www.w3.org/XML/1998/namespace}lang"],
        ["p"] = [],
        ["s"] = [],
        ["w"] = ["role"],
        ["phoneme"] = ["alphabet", "ph"],
        ["prosody"] = ["volume", "rate", "pitch"],
        ["sub"] = ["alias"],
        ["say-as"] = ["interpret-as", "format"],
    };

    public static Say Read(TwimlElement element)
    {
        if (element.Text("voice") is { } voice)
            element.Pattern("voice", voice, text => Voice.IsMatch(text), "one of Twilio's voices");
        if (element.Text("language") is { } language)
            element.Pattern("language", language, text => Language.IsMatch(text), "a language tag");
        var loop = element.Number("loop", 1, 0, 1000);
        element.NoMoreAttributes();
        CheckSsml(element);
        if (element.Body.Length == 0)
            throw element.Wrong("nothing to say");
        if (element.Body.Length > LongestText)
            throw element.Wrong($"more than {LongestText} characters to say");
        return new Say(element.Name, element.Line, Whitespace.Replace(element.Body, " "), loop);
    }

    private static void CheckSsml(TwimlElement element)
    {
        foreach (var child in element.Children)
        {
            if (!Ssml.TryGetValue(child.Name, out var attributes))
                throw child.Wrong("not one of the SSML elements that <Say> takes");
            foreach (var attribute in attributes)
                child.Text(attribute);
            child.NoMoreAttributes();
            CheckSsml(child);
        }
    }

    [GeneratedRegex(
        "^(man|woman|alice|Polly\\.[A-Z][A-Za-z]+(-Neural|-Generative)?" +
        "|Google\\.[a-z]{2,3}-[A-Z]{2}-((Standard|Wavenet|Neural2)-[A-Z]|Chirp3-HD-[A-Z][a-z]+))$")]
    private static partial Regex Voice { get; }

    [GeneratedRegex("^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2}|-[0-9]{3})?$")]
    internal static partial Regex Language { get; }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Whitespace { get; }
}
