using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace KestrelVoice.Features.Kernel;

/// <summary>The query parameters that a route knows. Any other is refused: a mistyped filter must not silently return everything.</summary>
public sealed record QueryParameters(IReadOnlyList<string> Names)
{
    private const int MaxLength = 4096;
    private static readonly QueryParameters None = new([]);

    /// <summary>Checks API routes; runs after authorization, so that strangers learn nothing of a route's parameters.</summary>
    public static Task CheckAsync(HttpContext context, RequestDelegate next)
    {
        var request = context.Request;
        if (!request.QueryString.HasValue || context.GetEndpoint() is not { } endpoint || !request.Path.StartsWithSegments("/api"))
            return next(context);
        if (request.QueryString.Value.Length > MaxLength)
            return Problems.Invalid("query", "The query is too long.").ExecuteAsync(context);

        var known = endpoint.Metadata.GetMetadata<QueryParameters>() ?? None;
        var errors = new Dictionary<string, string[]>();
        foreach (var (name, values) in request.Query)
        {
            if (!known.Names.Contains(name))
                errors[name] = ["This parameter does not exist here."];
            else if (values.Count > 1)
                errors[name] = ["This parameter may be given once."];
        }
        return errors.Count == 0 ? next(context) : Problems.Invalid(errors).ExecuteAsync(context);
    }
}

public static class QueryParametersConvention
{
    public static TBuilder WithQuery<TBuilder>(this TBuilder builder, params string[] names)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new QueryParameters(names));
}
