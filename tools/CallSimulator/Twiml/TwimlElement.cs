using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using KestrelVoice.CallSimulator.Webhooks;

namespace KestrelVoice.CallSimulator.Twiml;

/// <summary>Reads one element strictly: what nobody asked for is an error.</summary>
internal sealed class TwimlElement
{
    private readonly XElement element;
    private readonly WebhookUrl document;
    private readonly Dictionary<string, XAttribute> unread;

    public TwimlElement(XElement element, WebhookUrl document)
    {
        this.element = element;
        this.document = document;
        if (element.Name.NamespaceName.Length > 0)
            throw Wrong("TwiML has no namespaces");
        unread = element.Attributes().ToDictionary(attribute => attribute.Name.ToString(), StringComparer.Ordinal);
    }

    public string Name => element.Name.LocalName;

    public int Line => ((IXmlLineInfo)element).LineNumber;

    public string Body => element.Value.Trim();

    public IEnumerable<TwimlElement> Children => element.Elements().Select(child => new TwimlElement(child, document));

    public string? Text(string attribute) => unread.Remove(attribute, out var found) ? found.Value : null;

    public int Number(string attribute, int otherwise, int lowest, int highest) => OptionalNumber(attribute, lowest, highest) ?? otherwise;

    public int? OptionalNumber(string attribute, int lowest, int highest) => Text(attribute) switch
    {
        null => null,
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= lowest && number <= highest => number,
        var text => throw Wrong($"{attribute}=\"{text}\" is not a whole number from {lowest} to {highest}"),
    };

    public bool Flag(string attribute, bool otherwise) => Text(attribute) switch
    {
        null => otherwise,
        "true" => true,
        "false" => false,
        var text => throw Wrong($"{attribute}=\"{text}\" is neither true nor false"),
    };

    public string Choice(string attribute, string otherwise, params string[] choices)
    {
        var text = Text(attribute) ?? otherwise;
        return choices.Contains(text, StringComparer.Ordinal) ? text : throw Wrong($"{attribute}=\"{text}\" is not one of {string.Join(", ", choices)}");
    }

    /// <summary>A list in Twilio's way: joined by single blanks.</summary>
    public IReadOnlyList<string> Choices(string attribute, string otherwise, params string[] choices)
    {
        var items = (Text(attribute) ?? otherwise).Split(' ');
        return items.All(item => choices.Contains(item, StringComparer.Ordinal))
            ? items
            : throw Wrong($"{attribute}=\"{string.Join(' ', items)}\" is not a list of {string.Join(", ", choices)} joined by blanks");
    }

    public string Keys(string attribute, string otherwise)
    {
        var text = Text(attribute) ?? otherwise;
        return text.All(key => char.IsAsciiDigit(key) || key is '*' or '#') ? text : throw Wrong($"{attribute}=\"{text}\" holds something other than 0-9 * #");
    }

    public string Pattern(string attribute, string text, Func<string, bool> holds, string expected) =>
        holds(text) ? text : throw Wrong($"{attribute} \"{text}\" is not {expected}");

    /// <summary>A continuation; a verb that names none continues where its own document came from.</summary>
    public Continuation Continuation(string attribute = "action") => OptionalContinuation(attribute) ?? new Continuation(document, "POST");

    public Continuation? OptionalContinuation(string attribute = "action")
    {
        var method = Choice("method", "POST", "GET", "POST");
        return Url(attribute) is { } url ? new Continuation(url, method) : null;
    }

    public Continuation ContinuationInBody()
    {
        var method = Choice("method", "POST", "GET", "POST");
        return new Continuation(Parse(Name, Body), method);
    }

    /// <param name="name">The attribute that holds the URL; its companions end in <c>Method</c> and <c>Event</c>.</param>
    /// <param name="absolute">Whether Twilio has no document to resolve the URL against.</param>
    /// <param name="events">Known events; the first is the default.</param>
    public Callback? Callback(string name, bool absolute, params string[] events)
    {
        var method = Choice(name + "Method", "POST", "GET", "POST");
        var wanted = Choices(name + "Event", events[0], events);
        if (absolute && unread.TryGetValue(name, out var raw) && !WebhookUrl.IsAbsolute(raw.Value))
            throw Wrong($"{name}=\"{raw.Value}\" must be an absolute URL");
        return Url(name) is { } url ? new Callback(url, method, wanted) : null;
    }

    /// <summary>Ends the reading of attributes.</summary>
    /// <param name="unplayed">Attributes that Twilio has and the simulator does not play.</param>
    public void NoMoreAttributes(params string[] unplayed)
    {
        foreach (var (name, attribute) in unread)
        {
            if (unplayed.Contains(name, StringComparer.Ordinal))
                throw Wrong($"attribute {name} is Twilio's, but the simulator does not play it", attribute);
            throw Wrong($"unknown attribute {name} (names are case-sensitive)", attribute);
        }
    }

    public void NoChildren()
    {
        if (element.Elements().FirstOrDefault() is { } child)
            throw Wrong($"<{child.Name.LocalName}> may not stand inside <{Name}>", child);
    }

    public void NoText()
    {
        if (element.Nodes().OfType<XText>().FirstOrDefault(text => !string.IsNullOrWhiteSpace(text.Value)) is { } found)
            throw Wrong($"text \"{found.Value.Trim()}\" may not stand directly inside <{Name}>", found);
    }

    public TwimlException Wrong(string what, IXmlLineInfo? at = null, int code = 12200) =>
        new(code, $"{document} line {(at ?? element).LineNumber}, column {(at ?? element).LinePosition}: <{element.Name.LocalName}>: {what}");

    private WebhookUrl? Url(string attribute) => Text(attribute) is { } text ? Parse(attribute, text) : null;

    private WebhookUrl Parse(string what, string text)
    {
        try
        {
            return text.Length == 0 ? document : document.Resolve(text);
        }
        catch (FormatException exception)
        {
            throw Wrong($"{what}: {exception.Message}", code: 11100);
        }
    }
}
