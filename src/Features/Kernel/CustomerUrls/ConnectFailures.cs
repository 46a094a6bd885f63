using System.Net.Sockets;
using System.Security.Authentication;

namespace KestrelVoice.Features.Kernel.CustomerUrls;

/// <summary>Why a request to a customer got no answer, in the words that logs and the API show.</summary>
internal static class ConnectFailures
{
    public const string BlockedAddress = "blocked_address";
    public const string Dns = "dns";
    public const string Tls = "tls";
    public const string Timeout = "timeout";
    public const string Connect = "connect";

    /// <summary>They answered, or hung up, in a way that is not HTTP.</summary>
    public const string Protocol = "protocol";

    /// <summary>The most telling of an exception and its causes.</summary>
    public static string Of(Exception exception)
    {
        var causes = CausesOf(exception).ToList();
        return causes.OfType<BlockedAddressException>().Any() ? BlockedAddress
            : causes.Any(IsOfDns) ? Dns
            : causes.Any(cause => cause is AuthenticationException or HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError }) ? Tls
            : causes.Any(cause => cause is TimeoutException or OperationCanceledException) ? Timeout
            : causes.Any(cause => cause is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError }) ? Connect
            : Protocol;
    }

    private static bool IsOfDns(Exception cause) => cause
        is HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError }
        or SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData or SocketError.NoRecovery };

    private static IEnumerable<Exception> CausesOf(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
            yield return cause;
    }
}
