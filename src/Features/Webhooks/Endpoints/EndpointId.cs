using System.Diagnostics.CodeAnalysis;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Webhooks.Endpoints;

/// <summary>Where messages go: a webhook endpoint, or a hook of Zapier or Make.</summary>
internal static class EndpointId
{
    public const string Rule = "id is we_ and 26 characters, or a UUID.";
    public const string ReceiverRule = "id is we_ or hook_ and 26 characters, or a UUID.";

    public static bool IsEndpoint(string? text) => TypeId.TryParse(TypeId.WebhookEndpoint, text, out _);

    public static bool IsReceiver([NotNullWhen(true)] string? text) => TryReceiver(text, out _);

    public static Guid Receiver(string text) => TryReceiver(text, out var id) ? id : throw new FormatException(ReceiverRule);

    private static bool TryReceiver([NotNullWhen(true)] string? text, out Guid id) =>
        TypeId.TryParse(TypeId.WebhookEndpoint, text, out id) || TypeId.TryParse(TypeId.Hook, text, out id);
}
