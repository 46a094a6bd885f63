using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Kernel.RateLimits;

/// <summary>Limits by tenant once it is known, and by address before that.</summary>
/// <remarks>The fields are those of draft-ietf-httpapi-ratelimit-headers-10.</remarks>
internal static class RateLimiting
{
    public static IServiceCollection AddRateLimits(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<RateLimitSettings>().Bind(configuration.GetSection(RateLimitSettings.Section))
            .Validate(
                limits => limits is { Personal: > 0, Business: > 0, BusinessPlus: > 0, RefusedPerAddress: > 0 }, "RateLimits are requests a minute: 1 or more.")
            .ValidateOnStart();
        return services.AddSingleton<TenantQuotas>().AddSingleton<RefusedAddresses>().AddHostedService<SharedCounts>();
    }

    /// <summary>Before authentication: an address that was refused too often is not heard.</summary>
    public static void UseAddressLimit(this IApplicationBuilder app)
    {
        var addresses = app.ApplicationServices.GetRequiredService<RefusedAddresses>();
        app.Use(async (context, next) =>
        {
            if (!context.Request.Path.StartsWithSegments("/api"))
            {
                await next(context);
                return;
            }
            if (addresses.Wait(context.Connection.RemoteIpAddress) is { } seconds)
            {
                await RefuseAsync(context, seconds, "Too many requests without a valid credential came from this address.");
                return;
            }
            await next(context);
            if (context.Response.StatusCode == StatusCodes.Status401Unauthorized)
                addresses.Note(context.Connection.RemoteIpAddress);
        });
    }

    /// <summary>After authentication: every request counts, whatever becomes of it.</summary>
    public static void UseTenantLimit(this IApplicationBuilder app)
    {
        var quotas = app.ApplicationServices.GetRequiredService<TenantQuotas>();
        var settings = app.ApplicationServices.GetRequiredService<IOptions<RateLimitSettings>>().Value;
        var policies = Enum.GetValues<Plan>().ToDictionary(plan => plan, plan => string.Create(
            CultureInfo.InvariantCulture, $"\"{plan.Name()}\";q={settings.Of(plan)};w=60"));
        app.Use((context, next) =>
        {
            if (context.RequestServices.GetRequiredService<CurrentPrincipal>().Value is not { } principal)
                return next(context);
            var allowance = quotas.Take(principal.TenantId, principal.Plan);
            var headers = context.Response.Headers;
            headers["RateLimit-Policy"] = policies[principal.Plan];
            headers["RateLimit"] = string.Create(
                CultureInfo.InvariantCulture, $"\"{principal.Plan.Name()}\";r={allowance.Remaining};t={allowance.Seconds}");
            return allowance.Admitted
                ? next(context)
                : RefuseAsync(context, allowance.Seconds, $"The {principal.Plan.Title()} plan includes {allowance.Quota} requests a minute.");
        });
    }

    private static Task RefuseAsync(HttpContext context, int seconds, string message)
    {
        context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return Problems.Of(StatusCodes.Status429TooManyRequests, Problems.RateLimited, message).ExecuteAsync(context);
    }
}
