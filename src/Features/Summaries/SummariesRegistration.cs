using Dapr.Workflow;
using KestrelVoice.Features.Summaries.Engines;
using KestrelVoice.Features.Summaries.Offline;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Summaries;

internal static class SummariesRegistration
{
    public static IServiceCollection AddSummaries(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<SummarySettings>().Bind(configuration.GetSection(SummarySettings.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<SummarySettings>, SummarySettings.Validator>();
        services.AddModelHttp();
        services.AddKeyedSingleton<IChatClient>(SummaryEngines.OfflineName, new OfflineChatClient());
        services.AddKeyedSingleton(SummaryEngines.ModelName, (provider, _) => ModelClient.Create(
            provider.GetRequiredService<IOptions<SummarySettings>>().Value, provider.GetRequiredService<IHttpClientFactory>()));
        services.AddSingleton(Engines).AddSingleton<SummaryRuns>();
        return services.AddDaprWorkflow(workflows =>
        {
            workflows.RegisterWorkflow<SummariseCallWorkflow>();
            workflows.RegisterActivity<SplitCallActivity>();
            workflows.RegisterActivity<SummarisePartActivity>();
            workflows.RegisterActivity<CombinePartsActivity>();
            workflows.RegisterActivity<ExtractFieldsActivity>();
            workflows.RegisterActivity<FinishSummaryActivity>();
        });
    }

    private static SummaryEngines Engines(IServiceProvider services)
    {
        var logger = services.GetRequiredService<ILogger<SummaryEngine>>();
        var settings = services.GetRequiredService<IOptions<SummarySettings>>().Value;
        return new SummaryEngines(Engine(SummaryEngines.OfflineName, model: null), settings.UsesModel ? Engine(SummaryEngines.ModelName, settings.Model) : null);

        SummaryEngine Engine(string name, string? model) => new(name, model, services.GetRequiredKeyedService<IChatClient>(name), logger);
    }
}
