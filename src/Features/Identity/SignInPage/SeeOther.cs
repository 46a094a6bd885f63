using Microsoft.AspNetCore.Http;

namespace KestrelVoice.Features.Identity.SignInPage;

/// <summary>After a form: go there, with GET.</summary>
internal sealed class SeeOther : IResult
{
    private readonly string _path;

    private SeeOther(string path) => _path = path;

    internal static IResult To(string path) => new SeeOther(path);

    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
        httpContext.Response.Headers.Location = _path;
        return httpContext.Response.CompleteAsync();
    }
}
