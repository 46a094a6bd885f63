using Dapr.Workflow;
using KestrelVoice.Features.Privacy.Retention;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Privacy;

internal static class PrivacyRegistration
{
    public static IServiceCollection AddPrivacy(this IServiceCollection services) => services
        .AddSingleton<Erasing>()
        .AddSingleton<ExportedCalls>()
        .AddHostedService<RetentionSweep>()
        .AddDaprWorkflow(workflows =>
        {
            workflows.RegisterWorkflow<EraseCallsWorkflow>();
            workflows.RegisterActivity<EraseBatchActivity>();
        });
}
