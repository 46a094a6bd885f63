using System.Xml;
using System.Xml.Linq;

namespace KestrelVoice.Features.Calendars.CalDav;

/// <summary>A 207 answer: for each resource its status and the properties that it has.</summary>
internal sealed class Multistatus
{
    public static readonly XNamespace Dav = "DAV:";
    public static readonly XNamespace Cal = "urn:ietf:params:xml:ns:caldav";

    // Of a year of a busy calendar; whatever is beyond is not read at all.
    private const int MostCharacters = 32 * 1024 * 1024;

    private static readonly XmlReaderSettings Untrusted = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        MaxCharactersInDocument = MostCharacters,
        Async = true,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
    };

    private readonly XElement _root;

    private Multistatus(XElement root, Uri requested)
    {
        _root = root;
        Members = [.. root.Elements(Dav + "response").Select(response => Member.Of(response, requested)).OfType<Member>()];
    }

    public IReadOnlyList<Member> Members { get; }

    public string? SyncToken => _root.Element(Dav + "sync-token")?.Value is { Length: > 0 } token ? token : null;

    /// <exception cref="CalendarException">It is not XML that we take, or not a multistatus.</exception>
    public static async Task<Multistatus> ReadAsync(Stream body, Uri requested, CancellationToken cancellationToken)
    {
        var root = await ReadRootAsync(body, cancellationToken)
            ?? throw new CalendarException(CalendarFailure.Protocol, "The server answered with something that is not CalDAV.");
        return root.Name == Dav + "multistatus"
            ? new Multistatus(root, requested)
            : throw new CalendarException(CalendarFailure.Protocol, "The server answered with something that is not CalDAV.");
    }

    /// <summary>The root element of an answer; null when it is not XML that we take.</summary>
    public static async Task<XElement?> ReadRootAsync(Stream body, CancellationToken cancellationToken)
    {
        try
        {
            using var reader = XmlReader.Create(body, Untrusted);
            return (await XDocument.LoadAsync(reader, LoadOptions.None, cancellationToken)).Root;
        }
        catch (XmlException)
        {
            return null;
        }
    }

    /// <param name="Url">Absolute, whatever form the server wrote.</param>
    /// <param name="IsGone">The server lists it to say that it is no more.</param>
    internal sealed record Member(Uri Url, bool IsGone, IReadOnlyList<XElement> Properties)
    {
        public XElement? this[XName name] => Properties.FirstOrDefault(property => property.Name == name);

        public static Member? Of(XElement response, Uri requested)
        {
            if (!Uri.TryCreate(requested, response.Element(Dav + "href")?.Value.Trim() ?? "", out var url))
                return null;
            // An href says which resource is meant, and a resource of another server is none of this answer's.
            if (Uri.Compare(url, requested, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) != 0)
                return null;
            var properties = response.Elements(Dav + "propstat")
                .Where(propstat => StatusOf(propstat) is >= 200 and <= 299)
                .SelectMany(propstat => propstat.Elements(Dav + "prop").Elements());
            return new Member(url, StatusOf(response) is 404 or 410, [.. properties]);
        }

        private static int? StatusOf(XElement element) =>
            element.Element(Dav + "status")?.Value.Split(' ') is [_, var code, ..] && int.TryParse(code, out var status) ? status : null;
    }
}
