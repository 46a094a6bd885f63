namespace KestrelVoice.CallSimulator.Webhooks;

/// <summary>A webhook's URL: what is requested and signed, and the overrides that travelled behind it.</summary>
internal sealed class WebhookUrl
{
    // A canonicalised URL would not be the one that is signed.
    private static readonly UriCreationOptions Verbatim = new() { DangerousDisablePathAndQueryCanonicalization = true };

    private WebhookUrl(string text, Uri uri, ConnectionOverrides overrides)
    {
        Text = text;
        Uri = uri;
        Overrides = overrides;
    }

    /// <summary>As signed: absolute, without the fragment.</summary>
    public string Text { get; }

    public Uri Uri { get; }

    public ConnectionOverrides Overrides { get; }

    /// <exception cref="FormatException">Not an absolute http(s) URL, or a fragment that Twilio would not take.</exception>
    public static WebhookUrl Parse(string text)
    {
        var fragment = text.IndexOf('#', StringComparison.Ordinal);
        var plain = fragment < 0 ? text : text[..fragment];
        if (!Uri.TryCreate(plain, Verbatim, out var uri) || uri.Scheme is not ("http" or "https"))
            throw new FormatException($"'{plain}' is not an absolute http or https URL");
        if (uri.Host.Contains('_', StringComparison.Ordinal))
            throw new FormatException($"'{plain}' has an underscore in its host name, which Twilio refuses");

        var overrides = fragment < 0 ? ConnectionOverrides.Default : ConnectionOverrides.Parse(text[(fragment + 1)..]);
        return new WebhookUrl(uri.AbsolutePath.Length == 0 ? plain + "/" : plain, uri, overrides);
    }

    /// <summary>A path alone counts as a file's absolute URL where paths begin with a slash; not here.</summary>
    public static bool IsAbsolute(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && !uri.IsFile;

    /// <summary>Reads a URL found in the document that was fetched from here.</summary>
    public WebhookUrl Resolve(string reference)
    {
        if (IsAbsolute(reference))
            return Parse(reference);

        var fragment = reference.IndexOf('#', StringComparison.Ordinal);
        var plain = fragment < 0 ? reference : reference[..fragment];
        return Uri.TryCreate(new Uri(Text), plain, out var resolved)
            ? Parse(fragment < 0 ? resolved.AbsoluteUri : resolved.AbsoluteUri + reference[fragment..])
            : throw new FormatException($"'{plain}' is not a URL");
    }

    /// <summary>With parameters behind the ones already in the query, as Twilio does for GET.</summary>
    public WebhookUrl WithQuery(IEnumerable<KeyValuePair<string, string>> parameters)
    {
        var query = string.Join('&', parameters.Select(field => $"{Uri.EscapeDataString(field.Key)}={Uri.EscapeDataString(field.Value)}"));
        if (query.Length == 0)
            return this;

        var text = Text + (Text.Contains('?', StringComparison.Ordinal) ? '&' : '?') + query;
        return new WebhookUrl(text, new Uri(text, Verbatim), Overrides);
    }

    public override string ToString() => Text;
}
