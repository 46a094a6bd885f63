using Dapr.Workflow;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Calls;

internal static class CallsRegistration
{
    public static IServiceCollection AddCalls(this IServiceCollection services, IConfiguration configuration) => services
        .AddSingleton<CallJournal>()
        .AddSingleton<ErasedCalls>()
        .AddSingleton<CallAnnouncements>()
        .AddHostedService<CallAnnouncer>()
        .AddHostedService<CallReconciler>()
        .AddSingleton<DeadLetters>()
        .AddTwilioMedia(configuration)
        .AddDaprWorkflow(workflows =>
        {
            workflows.RegisterWorkflow<DeleteRecordingsWorkflow>();
            workflows.RegisterActivity<DeleteRecordingsActivity>();
        });
}
