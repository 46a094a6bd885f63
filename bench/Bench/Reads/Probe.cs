using System.Text;
using System.Text.Json;

namespace KestrelVoice.Bench.Reads;

/// <summary>Something that is measured: what is asked, the answer that it should get, and whose processor time it takes.</summary>
/// <param name="Name">In the tables.</param>
/// <param name="Urls">Taken in turn; all of one server.</param>
/// <param name="Headers">Of every request.</param>
/// <param name="Server">Process whose tree answers.</param>
/// <param name="Database">Process whose tree it asks.</param>
/// <param name="Status">Anything else is a failure.</param>
internal sealed record Probe(string Name, IReadOnlyList<Uri> Urls, IReadOnlyDictionary<string, string> Headers, int Server, int Database, int Status = 200)
{
    /// <summary>As they go over the wire.</summary>
    public IReadOnlyList<byte[]> Requests => [.. Urls.Select(url => Encoding.ASCII.GetBytes(
        $"GET {url.PathAndQuery} HTTP/1.1\r\nHost: {url.Authority}\r\n{string.Concat(Headers.Select(header => $"{header.Key}: {header.Value}\r\n"))}\r\n"))];

    /// <summary>The names of all members that the answer has, a list by its first item.</summary>
    public async Task<IReadOnlySet<string>> MembersAsync(HttpClient client, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Urls[0]);
        foreach (var (name, value) in Headers)
            request.Headers.Add(name, value);
        using var response = await client.SendAsync(request, cancellationToken);
        response.EnsureSuccessStatusCode();
        return MembersOf(JsonElement.Parse(await response.Content.ReadAsStringAsync(cancellationToken)), "").ToHashSet(StringComparer.Ordinal);
    }

    private static IEnumerable<string> MembersOf(JsonElement element, string path) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member => MembersOf(member.Value, $"{path}.{member.Name}")),
        JsonValueKind.Array => element.EnumerateArray().Take(1).SelectMany(item => MembersOf(item, path + "[]")),
        _ => [path],
    };
}
