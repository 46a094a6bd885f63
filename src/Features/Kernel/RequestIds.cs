using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Kernel;

/// <summary>One id a request, the client's own when it is a sane one, in logs, problems and on every response.</summary>
public static partial class RequestIds
{
    public const string Header = "X-Request-Id";

    public static IApplicationBuilder UseRequestIds(this IApplicationBuilder app)
    {
        var clock = app.ApplicationServices.GetRequiredService<TimeProvider>();
        return app.Use((context, next) =>
        {
            var given = context.Request.Headers[Header];
            context.TraceIdentifier = given is [{ } id] && Sane().IsMatch(id)
                ? id
                : TypeId.Format(TypeId.Request, Guid.CreateVersion7(clock.GetUtcNow()));
            context.Response.OnStarting(static state =>
            {
                var response = ((HttpContext)state).Response;
                response.Headers[Header] = ((HttpContext)state).TraceIdentifier;
                return Task.CompletedTask;
            }, context);
            return next(context);
        });
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_-]{8,64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Sane();
}
