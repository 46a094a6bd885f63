namespace KestrelVoice.Host;

/// <summary>What browsers are told, and which of them are listened to.</summary>
internal static class Browsers
{
    private static readonly (string Name, string Value)[] Headers =
    [
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-site"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ];

    public static void AddBrowsers(this IServiceCollection services, IConfiguration configuration)
    {
        var origins = configuration.GetSection("Cors:Origins").Get<string[]>() ?? [];
        if (origins.Any(origin => !Uri.TryCreate(origin, UriKind.Absolute, out var url) || url.GetLeftPart(UriPartial.Authority) != origin))
            throw new InvalidOperationException("Cors:Origins are exact origins, such as https://app.example.com.");
        services.AddCors(cors => cors.AddDefaultPolicy(policy => policy
            .WithOrigins(origins)
            .WithMethods("GET", "POST", "PUT", "PATCH", "DELETE")
            .WithHeaders(
                "authorization", "content-type", "x-api-key", "x-request-id", "x-tenant-id", "idempotency-key", "if-none-match", "apikey", "x-client-info",
                "x-supabase-api-version")
            .WithExposedHeaders(
                "X-Request-Id", "ETag", "Idempotent-Replayed", "Retry-After", "RateLimit", "RateLimit-Policy", "Content-Range", "Accept-Ranges")
            .AllowCredentials()
            .SetPreflightMaxAge(TimeSpan.FromMinutes(10))));
        services.AddHsts(hsts => (hsts.MaxAge, hsts.IncludeSubDomains) = (TimeSpan.FromDays(365), true));
    }

    /// <summary>For every response, unless a page said something stricter or laxer of itself.</summary>
    public static void UseSecurityHeaders(this WebApplication app)
    {
        if (app.Environment.IsProduction())
            app.UseHsts();
        app.Use((context, next) =>
        {
            context.Response.OnStarting(static state =>
            {
                var response = ((HttpContext)state).Response;
                foreach (var (name, value) in Headers)
                    response.Headers.TryAdd(name, value);
                if (((HttpContext)state).Request.Path.StartsWithSegments("/api"))
                {
                    response.Headers.TryAdd("Cache-Control", "private, no-store");
                    // The framework adds this only where several origins are listed.
                    response.Headers.Append("Vary", "Cookie, Authorization, X-API-Key, X-Tenant-Id, Origin");
                }
                return Task.CompletedTask;
            }, context);
            return next(context);
        });
    }
}
