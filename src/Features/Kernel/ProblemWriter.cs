using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Kernel;

/// <summary>Writes every problem in the one body, whatever raised it and whatever the client says it accepts.</summary>
internal sealed class ProblemWriter(IOptions<JsonOptions> json) : IProblemDetailsWriter
{
    public bool CanWrite(ProblemDetailsContext context) => true;

    public ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var response = context.HttpContext.Response;
        var problem = context.ProblemDetails;
        if (!problem.Extensions.ContainsKey("error"))
            problem = Problems.Of(problem.Status ?? response.StatusCode).ProblemDetails;
        problem.Extensions["request_id"] = context.HttpContext.TraceIdentifier;
        response.StatusCode = problem.Status ?? response.StatusCode;
        response.Headers.CacheControl = "no-store";
        return new ValueTask(response.WriteAsJsonAsync(
            problem, json.Value.SerializerOptions, "application/problem+json", context.HttpContext.RequestAborted));
    }
}
