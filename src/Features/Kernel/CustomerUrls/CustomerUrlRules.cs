using System.Net.Sockets;

namespace KestrelVoice.Features.Kernel.CustomerUrls;

/// <summary>What a URL of a customer's must be like to be kept. Courtesy only: what counts is decided when it is connected to.</summary>
internal sealed class CustomerUrlRules(CustomerAddresses addresses)
{
    public const int LongestUrl = 2048;

    // Servers that take commands in plain text, or that nobody means to reach by a webhook.
    private static readonly HashSet<int> DeniedPorts =
    [
        1433, 1521, 2049, 2181, 2375, 2376, 2379, 2380, 3128, 3306, 3389, 5432, 5672, 5900, 5984, 5985, 5986, 6000, 6379, 6380, 6443,
        6665, 6666, 6667, 6668, 6669, 8086, 8500, 8600, 9042, 9092, 9200, 9300, 10250, 10255, 11211, 15672, 25565, 27017, 27018, 50070,
    ];

    /// <returns>Null when it may be kept; else a sentence that tells the customer why not.</returns>
    public async Task<string?> CheckAsync(string? text, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(text) || text.Length > LongestUrl)
            return $"The URL is 1 to {LongestUrl} characters.";
        if (text.Any(character => char.IsControl(character) || char.IsWhiteSpace(character)) || !Uri.TryCreate(text, UriKind.Absolute, out var url))
            return "The URL is not an absolute one, such as https://example.com/webhooks.";
        return CheckShape(url) ?? await CheckAddressAsync(url, cancellationToken);
    }

    private static string? CheckShape(Uri url)
    {
        if (url.Scheme != Uri.UriSchemeHttps && url.Scheme != Uri.UriSchemeHttp)
            return "The URL must begin with https://.";
        if (url.UserInfo.Length > 0)
            return "The URL may not hold a user name or password; use a custom header for credentials.";
        if (url.Fragment.Length > 0)
            return "The URL may not have a fragment (#).";
        if (url.Port is not (443 or 80) && (url.Port < 1024 || DeniedPorts.Contains(url.Port)))
            return $"Port {url.Port} is not one that webhooks are sent to; use 443, 80, or a web server's port above 1023.";
        return url.IdnHost.Length == 0 ? "The URL has no host." : null;
    }

    private async Task<string?> CheckAddressAsync(Uri url, CancellationToken cancellationToken)
    {
        try
        {
            await addresses.VetAsync(url.Scheme, url.IdnHost, cancellationToken);
            return null;
        }
        catch (BlockedAddressException) when (url.Scheme == Uri.UriSchemeHttp)
        {
            return "The URL must begin with https://.";
        }
        catch (BlockedAddressException)
        {
            return "The URL leads to an address that is not on the public internet.";
        }
        catch (Exception unknown) when (unknown is SocketException or TimeoutException or ArgumentException)
        {
            return $"The host name {url.IdnHost} does not resolve.";
        }
    }
}
