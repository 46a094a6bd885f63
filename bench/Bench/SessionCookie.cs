using System.Buffers.Text;
using System.Net.Http.Json;
using System.Text;
using KestrelVoice.EndToEnd.Tests.Running;

namespace KestrelVoice.Bench;

/// <summary>The cookie of the demo member's session, as @supabase/ssr writes it: the session's JSON in base64url.</summary>
internal static class SessionCookie
{
    public static async Task<string> SignInAsync(Stack stack, CancellationToken cancellationToken)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(stack.HostUrl, "/auth/v1/token?grant_type=password"))
        {
            Headers = { { "apikey", stack.PublishableKey } },
            Content = JsonContent.Create(new { email = stack.Demo.Email, password = stack.Demo.Password }),
        };
        using var response = await client.SendAsync(request, cancellationToken);
        response.EnsureSuccessStatusCode();
        var session = await response.Content.ReadAsStringAsync(cancellationToken);
        var value = "base64-" + Base64Url.EncodeToString(Encoding.UTF8.GetBytes(session));
        return value.Length <= 3180
            ? $"sb-127-auth-token={value}"
            : string.Join("; ", value.Chunk(3180).Select((chunk, index) => $"sb-127-auth-token.{index}={new string(chunk)}"));
    }
}
