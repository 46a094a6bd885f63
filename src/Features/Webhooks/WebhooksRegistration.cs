using Dapr.Workflow;
using KestrelVoice.Features.Webhooks.Delivery;
using KestrelVoice.Features.Webhooks.Endpoints;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Webhooks;

internal static class WebhooksRegistration
{
    public static IServiceCollection AddWebhooks(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<DeliverySettings>().Bind(configuration.GetSection(DeliverySettings.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<DeliverySettings>, DeliverySettings.Validator>();
        services.AddSingleton<WebhookSecrets>().AddSingleton<EndpointRemoval>().AddSingleton<WebhookDispatch>();
        services.AddSingleton<WebhookAttempts>().AddSingleton<WebhookSender>().AddSingleton(_ => RetrySchedule.From(configuration)).AddSingleton<EndpointHealth>();
        services.AddSingleton<ErasedMessages>().AddSingleton<WebhookCourier>().AddSingleton<WebhookLanes>();
        services.AddHostedService<WebhookDispatcher>().AddHostedService<WebhookUpkeep>();
        return services.AddDaprWorkflow(workflows =>
        {
            workflows.RegisterWorkflow<RetryWebhookWorkflow>();
            workflows.RegisterActivity<AttemptWebhookActivity>();
        });
    }
}
