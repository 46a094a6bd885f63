using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Calendars.Google;

internal static class GoogleRegistration
{
    public static IServiceCollection AddGoogleCalendars(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<GoogleSettings>().Bind(configuration.GetSection(GoogleSettings.Section)).ValidateOnStart();
        return services
            .AddSingleton<IValidateOptions<GoogleSettings>, GoogleSettings.Validator>()
            .AddGoogleHttp()
            .AddSingleton<GoogleOAuth>().AddSingleton<GoogleAccessTokens>().AddSingleton<GoogleClient>().AddSingleton<GoogleGrants>();
    }
}
