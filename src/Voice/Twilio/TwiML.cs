using System.Globalization;
using System.Text;
using System.Xml;

namespace KestrelVoice.Voice.Twilio;

/// <summary>An element of Twilio's markup. Shaped like <c>Twilio.TwiML.TwiML</c> of the official library.</summary>
internal abstract class TwiML(string tag)
{
    // Twilio refuses a longer document and the call ends with an application error.
    public const int MaxDocumentBytes = 64 * 1024;

    private readonly List<(string Name, string Value)> _options = [];
    private readonly List<TwiML> _children = [];

    public string Tag { get; } = tag;

    public IReadOnlyList<TwiML> Children => _children;

    protected string? Body { get; init; }

    public string? Option(string name) => _options.FirstOrDefault(option => option.Name == name).Value;

    public byte[] ToUtf8()
    {
        var settings = new XmlWriterSettings { Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), NewLineHandling = NewLineHandling.Entitize };
        using var stream = new MemoryStream();
        using (var writer = XmlWriter.Create(stream, settings))
            Write(writer);
        return stream.ToArray();
    }

    public override string ToString() => Encoding.UTF8.GetString(ToUtf8());

    protected void Add(TwiML child) => _children.Add(child);

    protected void Set(string name, string? value)
    {
        if (value is not null)
            _options.Add((name, SpokenText.Clean(value)));
    }

    protected void Set(string name, int? value) => Set(name, value?.ToString(CultureInfo.InvariantCulture));

    protected void Set(string name, bool? value) => Set(name, value is { } given ? (given ? "true" : "false") : null);

    // As given: ToString would unescape, and the signature covers every character.
    protected void Set(string name, Uri? value) => Set(name, value?.OriginalString);

    protected void Set(string name, IEnumerable<string>? values) => Set(name, values is null ? null : string.Join(' ', values));

    private void Write(XmlWriter writer)
    {
        writer.WriteStartElement(Tag);
        foreach (var (name, value) in _options)
            writer.WriteAttributeString(name, value);
        if (Body is not null)
            writer.WriteString(SpokenText.Clean(Body));
        foreach (var child in _children)
            child.Write(writer);
        writer.WriteEndElement();
    }
}
