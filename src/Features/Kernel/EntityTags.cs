using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;
using Microsoft.OpenApi;
using Npgsql;

namespace KestrelVoice.Features.Kernel;

/// <summary>An answer that knows which version of the tenant's data it shows, or an older one: never a newer one.</summary>
internal interface IVersioned
{
    string Version { get; }
}

/// <summary>Conditional reads (RFC 9110, section 13): who holds an answer that is still right is told so for the price of one small statement.</summary>
/// <remarks>The tags are weak: two answers with one tag say the same, or the one that was made while something changed says more.</remarks>
internal sealed class EntityTags(TenantDatabase database, PublicUrl publicUrl, TimeProvider clock)
{
    /// <summary>Asks for the version that the whole answer would have, as a text, without making the answer.</summary>
    public delegate NpgsqlBatchCommand VersionCommand(Guid tenantId, DateTimeOffset now);

    // Another build, or the same one behind another address, may show the same data differently.
    private readonly string _shownBy = $"{typeof(EntityTags).Module.ModuleVersionId} {publicUrl.Base}";
    private readonly JoinedQuestions<(Guid TenantId, VersionCommand Command), string> _versions = new();

    public Task<string> VersionAsync(Principal principal, VersionCommand command, CancellationToken cancellationToken) =>
        _versions.AskAsync((principal.TenantId, command), () => ReadVersionAsync(principal.TenantId, command), cancellationToken);

    private Task<string> ReadVersionAsync(Guid tenantId, VersionCommand command) => database.ReadAsync(
        tenantId,
        () => [command(tenantId, clock.GetUtcNow())],
        async reader => await reader.ReadAsync() ? reader.GetString(0) : "",
        CancellationToken.None);

    /// <summary>Of everything that the answer depends on.</summary>
    public string Of(HttpRequest request, Principal principal, string version)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(
            Encoding.UTF8.GetBytes($"{_shownBy} {principal.TenantId} {principal.Plan} {version} {request.Path}{request.QueryString}"), digest);
        return $"W/\"{Base64Url.EncodeToString(digest[..16])}\"";
    }

    /// <summary>Whether <c>If-None-Match</c> names the tag, strong or weak.</summary>
    public static bool Names(StringValues ifNoneMatch, string tag)
    {
        foreach (var line in ifNoneMatch)
        {
            // Our tags hold neither commas nor quotes, so one of ours is found wherever a list is cut.
            foreach (var part in line.AsSpan().Split(','))
            {
                var candidate = line.AsSpan()[part].Trim();
                if (candidate.StartsWith("W/"))
                    candidate = candidate[2..];
                if (candidate.SequenceEqual(tag.AsSpan(2)))
                    return true;
            }
        }
        return false;
    }
}

internal static class EntityTagConvention
{
    private const string NoCache = "private, no-cache";

    /// <summary>Tags the answers of a route, which are <see cref="IVersioned"/>, and answers 304 while a client's tag is still right.</summary>
    public static RouteHandlerBuilder WithEntityTag(this RouteHandlerBuilder route, EntityTags.VersionCommand command) => route
        .AddEndpointFilter(async (invocation, next) =>
        {
            var context = invocation.HttpContext;
            var tags = context.RequestServices.GetRequiredService<EntityTags>();
            var principal = context.RequestServices.GetRequiredService<Principal>();
            var known = context.Request.Headers.IfNoneMatch;
            var any = known is ["*"];
            if (known.Count > 0 && !any)
            {
                var tag = tags.Of(context.Request, principal, await tags.VersionAsync(principal, command, context.RequestAborted));
                if (EntityTags.Names(known, tag))
                    return NotModified(context.Response, tag);
            }

            var result = await next(invocation);
            if (AnswerOf(result) is { } answer)
            {
                var tag = tags.Of(context.Request, principal, answer.Version);
                if (any)
                    return NotModified(context.Response, tag);
                Tag(context.Response, tag);
            }
            return result;
        })
        .AddOpenApiOperationTransformer(DescribeAsync);

    private static IVersioned? AnswerOf(object? result) => result switch
    {
        INestedHttpResult nested => AnswerOf(nested.Result),
        IValueHttpResult wrapped => wrapped.Value as IVersioned,
        _ => result as IVersioned,
    };

    private static StatusCodeHttpResult NotModified(HttpResponse response, string tag)
    {
        Tag(response, tag);
        return TypedResults.StatusCode(StatusCodes.Status304NotModified);
    }

    private static Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        operation.Parameters ??= [];
        operation.Parameters.Add(new OpenApiParameter
        {
            Name = "If-None-Match",
            In = ParameterLocation.Header,
            Description = "The ETag of an answer that is at hand: 304 while it is still right.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        });
        operation.Responses ??= [];
        operation.Responses["304"] = new OpenApiResponse { Description = "The answer at hand is still right.", Headers = Headers() };
        if (operation.Responses.TryGetValue("200", out var found) && found is OpenApiResponse answer)
            answer.Headers = Headers();
        return Task.CompletedTask;
    }

    private static Dictionary<string, IOpenApiHeader> Headers() => new()
    {
        ["ETag"] = new OpenApiHeader { Description = "For If-None-Match, the next time.", Schema = new OpenApiSchema { Type = JsonSchemaType.String } },
    };

    // Kept, but never used without asking: rather fresh than fast.
    private static void Tag(HttpResponse response, string tag) => (response.Headers.ETag, response.Headers.CacheControl) = (tag, NoCache);
}
