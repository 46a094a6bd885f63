using Dapr.Workflow;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Texts;

internal static class TextsRegistration
{
    public static IServiceCollection AddTexts(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<TextSettings>().Bind(configuration.GetSection(TextSettings.Section));
        services.AddSingleton<ConfirmationTexts>().AddSingleton<TextSender>().AddTwilioMessages();
        return services.AddDaprWorkflow(workflows =>
        {
            workflows.RegisterWorkflow<SendTextWorkflow>();
            workflows.RegisterActivity<SendTextActivity>();
        });
    }
}
