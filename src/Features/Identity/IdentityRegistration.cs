using KestrelVoice.Features.Identity.Credentials;
using KestrelVoice.Features.Identity.Embedded;
using KestrelVoice.Features.Kernel.Secrets;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Identity;

internal static class IdentityRegistration
{
    private const int LargestAnswer = 256 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static IServiceCollection AddIdentity(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<AuthOptions>().Bind(configuration.GetSection(AuthOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<AuthOptions>, AuthOptions.Validator>();
        services.AddSingleton(_ => new KeyRing(configuration.GetSection(KeyRing.Section).Get<string[]>() ?? [])).AddSingleton<Envelope>();

        // The framework's authentication brings it along; nothing of ours uses it, and left alone it writes keys into the home directory.
        services.AddDataProtection().UseEphemeralDataProtectionProvider();
        services.AddAuthentication(CredentialHandler.SchemeName)
            .AddScheme<AuthenticationSchemeOptions, CredentialHandler>(CredentialHandler.SchemeName, null);
        services.AddSingleton<CredentialResolver>().AddSingleton<CrossSiteRule>().AddSingleton<Memberships>();
        services.AddSingleton<ApiKeys>().AddSingleton<ApiKeyUse>().AddHostedService(provider => provider.GetRequiredService<ApiKeyUse>());
        services.AddSingleton<SignInThrottle>().AddSingleton(Verifier);
        services.AddEmbedded();
        services.AddHttpClient(SupabaseSignIn.Client, client => (client.Timeout, client.MaxResponseContentBufferSize) = (Patience, LargestAnswer))
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });

        // Chosen here, at the composition root of the feature, so that nothing else asks which of the two it is.
        if (configuration.GetSection(AuthOptions.Section).Get<AuthOptions>() is { IsEmbedded: false })
            return services.AddSingleton<ISignIn, SupabaseSignIn>();
        return services.AddSingleton<ISignIn>(provider => provider.GetRequiredService<EmbeddedSignIn>()).AddHostedService<Upkeep>();
    }

    private static void AddEmbedded(this IServiceCollection services)
    {
        services.AddSingleton<SigningKeys>().AddSingleton<AccessTokenWriter>().AddSingleton<Sessions>();
        services.AddSingleton<Passwords>().AddSingleton<Users>().AddSingleton<EmbeddedSignIn>();
        // No cookie is ever read under /auth/v1, so any origin may speak to it: a token is what it takes.
        services.AddCors(cors => cors.AddPolicy(AuthRoutes.CorsPolicy, policy => policy
            .AllowAnyOrigin()
            .WithMethods("GET", "POST", "PUT", "PATCH", "DELETE")
            .WithHeaders("authorization", "apikey", "content-type", "x-client-info", "x-supabase-api-version")
            .WithExposedHeaders("X-Total-Count", "Link", AuthError.VersionHeader)
            .SetPreflightMaxAge(TimeSpan.FromMinutes(10))));
    }

    private static AccessTokenVerifier Verifier(IServiceProvider services)
    {
        var options = services.GetRequiredService<IOptions<AuthOptions>>().Value;
        var clock = services.GetRequiredService<TimeProvider>();
        var published = options.PublishesKeys
            ? new VerificationKeys(KeySet(services, options), clock, services.GetRequiredService<ILogger<VerificationKeys>>())
            : null;
        return new AccessTokenVerifier(new AccessTokenVerifier.Settings(options.BaseUrl, options.Supabase.JwtSecret), published, clock);
    }

    private static Func<CancellationToken, Task<string>> KeySet(IServiceProvider services, AuthOptions options)
    {
        if (options.IsEmbedded)
            return services.GetRequiredService<SigningKeys>().PublishedAsync;
        var http = services.GetRequiredService<IHttpClientFactory>();
        return cancellationToken => http.CreateClient(SupabaseSignIn.Client).GetStringAsync(options.JwksUrl, cancellationToken);
    }
}
