using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Webhooks;

internal static class WebhooksRegistration
{
    public static IServiceCollection AddWebhooks(this IServiceCollection services) => services.AddSingleton<WebhookSecrets>();
}
