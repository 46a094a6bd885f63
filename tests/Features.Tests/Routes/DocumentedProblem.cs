using System.Text.Json;

namespace KestrelVoice.Features.Tests.Routes;

internal static class DocumentedProblem
{
    /// <summary>Why an answer is not a refusal in the documented body; null when it is.</summary>
    public static async Task<string?> OffenceAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var status = (int)response.StatusCode;
        if (status is < 400 or >= 500)
            return $"answered {status}: {Head(text)}";
        if (response.Content.Headers.ContentType?.MediaType != "application/problem+json")
            return $"{status} as {response.Content.Headers.ContentType}: {Head(text)}";
        var body = JsonElement.Parse(text);
        foreach (var member in new[] { "type", "title", "error", "message", "request_id" })
        {
            if (!body.TryGetProperty(member, out var value) || value.ValueKind != JsonValueKind.String || value.GetString() is "" or null)
                return $"{status} without {member}: {Head(text)}";
        }
        if (body.GetProperty("status").GetInt32() != status)
            return $"{status} says status {body.GetProperty("status")}";
        var header = response.Headers.TryGetValues("X-Request-Id", out var ids) ? ids.Single() : null;
        if (header != body.GetProperty("request_id").GetString())
            return $"{status}: X-Request-Id {header} is not the body's";
        return text.Contains("   at ", StringComparison.Ordinal) || text.Contains("Exception", StringComparison.Ordinal) ? $"{status} tells its insides: {Head(text)}" : null;
    }

    private static string Head(string text) => text.Length > 200 ? text[..200] : text;
}
