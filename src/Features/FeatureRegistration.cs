using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Carter;
using Dapper;
using Dapr;
using KestrelVoice.Features.Analytics;
using KestrelVoice.Features.Appointments;
using KestrelVoice.Features.Audit;
using KestrelVoice.Features.Calendars;
using KestrelVoice.Features.Calls;
using KestrelVoice.Features.Demo;
using KestrelVoice.Features.Events;
using KestrelVoice.Features.Identity;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.CustomerUrls;
using KestrelVoice.Features.Kernel.Idempotency;
using KestrelVoice.Features.Kernel.RateLimits;
using KestrelVoice.Features.Privacy;
using KestrelVoice.Features.Summaries;
using KestrelVoice.Features.Texts;
using KestrelVoice.Features.Webhooks;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace KestrelVoice.Features;

/// <summary>Everything the features need, in the order in which it matters.</summary>
public static class FeatureRegistration
{
    public static IServiceCollection AddFeatures(this IServiceCollection services, IConfiguration configuration)
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(Random.Shared);
        services.AddSingleton(_ => TenantDatabase.Open(configuration)).AddSingleton<TenantDatabase>();
        services.AddSingleton<EntityTags>();
        services.AddSingleton(PublicUrl.From(configuration));
        services.AddOutbox(configuration);
        services.AddRateLimits(configuration);
        services.AddIdempotencyKeys();
        services.AddScoped<CurrentPrincipal>().AddScoped(provider => provider.GetRequiredService<CurrentPrincipal>().Value
            ?? throw new InvalidOperationException("This route needs a principal but lets strangers in."));

        services.AddMediation(typeof(FeatureRegistration).Assembly);
        services.AddCarter(configurator: carter => carter.WithEmptyValidators());
        services.ConfigureHttpJsonOptions(json => Configure(json.SerializerOptions));
        // Unreadable bodies come as exceptions, so that they answer in the same body as everything else.
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        services.AddSingleton<IProblemDetailsWriter, ProblemWriter>().AddProblemDetails().AddExceptionHandler<ExceptionProblems>();
        services.AddAuthentication().AddDapr(sidecar => sidecar.Token = configuration["APP_API_TOKEN"]);
        services.AddAuthorization(Policies.Add);

        return services
            .AddCustomerUrls(configuration)
            .AddIdentity(configuration)
            .AddAudit()
            .AddEvents()
            .AddAppointments(configuration)
            .AddCalls(configuration)
            .AddAnalytics()
            .AddCalendars(configuration)
            .AddTexts(configuration)
            .AddWebhooks(configuration)
            .AddSummaries(configuration)
            .AddPrivacy()
            .AddSingleton<Sandboxes>();
    }

    /// <summary>From request id to authorization; what comes first covers all that comes after.</summary>
    public static void UseFeatures(this WebApplication app)
    {
        app.UseRequestIds();
        app.UseExceptionHandler();
        app.UseStatusCodePages(context => Problems.Of(context.HttpContext.Response.StatusCode).ExecuteAsync(context.HttpContext));
        app.UseRouting();
        app.UseCors();
        app.UseAddressLimit();
        app.UseAuthentication();
        app.UseTenantLimit();
        app.UseAuthorization();
        app.Use(QueryParameters.CheckAsync);
        app.UseIdempotencyKeys();
        app.UseWhen(
            context => context.GetEndpoint() is { } endpoint && endpoint.TakesDeliveries() && endpoint.Metadata.GetMetadata<WholeEnvelope>() is null,
            unwrapped => unwrapped.UseCloudEvents(new CloudEventsMiddlewareOptions
            {
                ForwardCloudEventPropertiesAsHeaders = true,
                IncludedCloudEventPropertiesAsHeaders = ["id", "type"],
            }));
    }

    public static void MapFeatures(this WebApplication app)
    {
        app.MapCarter();
        app.MapSubscribeHandler().RequireAuthorization(Policies.Sidecar).ExcludeFromDescription();
    }

    private static void Configure(JsonSerializerOptions json)
    {
        json.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        json.NumberHandling = JsonNumberHandling.Strict;
        // A phone number's + as it is; the content type and nosniff keep anybody from taking this for HTML.
        json.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        json.RespectNullableAnnotations = true;
        json.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));
    }
}
