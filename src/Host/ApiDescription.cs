using System.Globalization;
using KestrelVoice.Features.Events;
using KestrelVoice.Features.Kernel;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Scalar.AspNetCore;

namespace KestrelVoice.Host;

/// <summary>The OpenAPI document, and a page to read it.</summary>
internal static class ApiDescription
{
    private const string Problem = "Problem";
    private const string Session = "session";
    private const string SessionToken = "sessionToken";
    private const string ApiKey = "apiKey";

    // The page brings its own script and styles, and needs what they do; nothing else of the host runs any.
    private const string PageSecurity =
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        + "font-src 'self' data:; frame-ancestors 'none'";

    // As a reader needs them, first things first.
    private static readonly string[] Chapters =
    [
        "Call logs", "Analytics", "Appointments", "Schedule", "Calendars", "Webhooks", "Webhook messages", "REST hooks", "Events", "Me", "Members", "API keys",
        "Privacy", "Audit log",
    ];

    private static readonly Lazy<string> Guide = new(() =>
    {
        using var reader = new StreamReader(typeof(ApiDescription).Assembly.GetManifestResourceStream("api-guide.md")!);
        return reader.ReadToEnd();
    });

    private static readonly (int Status, string Means)[] Refusals =
    [
        (StatusCodes.Status400BadRequest, "A parameter or the body is not valid; errors names each."),
        (StatusCodes.Status401Unauthorized, "No credential, or not a valid one."),
        (StatusCodes.Status402PaymentRequired, "The plan does not include it; required_plan is the smallest that does."),
        (StatusCodes.Status403Forbidden, "The credential may not do this."),
        (StatusCodes.Status404NotFound, "It does not exist, or belongs to somebody else."),
        (StatusCodes.Status409Conflict, "It does not go together with how things stand."),
        (StatusCodes.Status413PayloadTooLarge, "The body is too large."),
        (StatusCodes.Status415UnsupportedMediaType, "The body is not application/json."),
        (StatusCodes.Status416RangeNotSatisfiable, "It ends before the range that was asked for."),
        (StatusCodes.Status429TooManyRequests, "The plan's requests of this minute are used up; Retry-After says when there are new ones."),
        (StatusCodes.Status500InternalServerError, "Our fault; quote request_id."),
        (StatusCodes.Status503ServiceUnavailable, "Something needed is away for the moment; try again."),
    ];

    public static void AddApiDescription(this IServiceCollection services) => services.AddOpenApi(options =>
    {
        // The generator merges nested types of the same simple name, so a slice's types carry its name.
        options.CreateSchemaReferenceId = type =>
            OpenApiOptions.CreateDefaultSchemaReferenceId(type) is { } id ? type.Type.DeclaringType?.Name + id : null;
        options.AddDocumentTransformer(DescribeApiAsync);
        options.AddDocumentTransformer<WebhookDescription>();
        options.AddDocumentTransformer(ApiExamples.AddAsync);
        options.AddOperationTransformer(DescribeRefusalsAsync);
        options.AddOperationTransformer(IdempotencyDescription.AddAsync);
    });

    public static void MapApiDescription(this WebApplication app)
    {
        app.MapOpenApi().AllowAnonymous();
        // Without the page's own links into the cloud of those who made it.
        app.MapScalarApiReference("/docs", scalar => scalar.WithTitle("KestrelVoice API").DisableDefaultFonts().HideDeveloperTools().DisableAgent().DisableMcp())
            .AllowAnonymous();
        app.UseWhen(context => context.Request.Path.StartsWithSegments("/docs"), docs => docs.Use((context, next) =>
        {
            context.Response.Headers.ContentSecurityPolicy = PageSecurity;
            return next(context);
        }));
    }

    private static Task DescribeApiAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info.Title = "KestrelVoice API";
        document.Info.Version = "v1";
        document.Info.Description = Guide.Value;
        // Relative to wherever the document was read.
        document.Servers = [new OpenApiServer { Url = "/" }];
        // What is in a list comes after the list.
        var paths = document.Paths.OrderBy(path => path.Key, StringComparer.Ordinal).ToList();
        document.Paths = [];
        paths.ForEach(path => document.Paths.Add(path.Key, path.Value));
        document.Tags = new HashSet<OpenApiTag>((document.Tags ?? new HashSet<OpenApiTag>()).OrderBy(tag => Array.IndexOf(Chapters, tag.Name)));
        document.AddComponent(Problem, ProblemSchema(document));
        // Of the framework: ours took its place.
        document.Components?.Schemas?.Remove("ProblemDetails");
        document.AddComponent<IOpenApiSecurityScheme>(Session, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.ApiKey,
            In = ParameterLocation.Cookie,
            Name = "sb-kestrelvoice-auth-token",
            Description = "The session cookie as @supabase/ssr writes it, in one part or several (.0, .1 ...).",
        });
        document.AddComponent<IOpenApiSecurityScheme>(SessionToken, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            BearerFormat = "JWT",
            Description = "The access token of a session.",
        });
        document.AddComponent<IOpenApiSecurityScheme>(ApiKey, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.ApiKey,
            In = ParameterLocation.Header,
            Name = "X-API-Key",
        });
        return Task.CompletedTask;
    }

    private static Task DescribeRefusalsAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var policies = context.Description.ActionDescriptor.EndpointMetadata.OfType<IAuthorizeData>().Select(data => data.Policy).ToList();
        var restricted = policies.Count > 0;
        foreach (var (status, means) in Refusals)
        {
            if (!restricted && status is StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden)
                continue;
            var said = operation.Responses?.ContainsKey(Text(status)) == true;
            if (status == StatusCodes.Status404NotFound && !said && !context.Description.RelativePath!.Contains('{', StringComparison.Ordinal))
                continue;
            if (status is StatusCodes.Status413PayloadTooLarge or StatusCodes.Status415UnsupportedMediaType && operation.RequestBody is null)
                continue;
            // Only where a slice says so.
            if (status is StatusCodes.Status402PaymentRequired or StatusCodes.Status409Conflict or StatusCodes.Status416RangeNotSatisfiable && !said)
                continue;
            operation.Responses ??= [];
            operation.Responses[Text(status)] = new OpenApiResponse
            {
                Description = means,
                Content = new Dictionary<string, OpenApiMediaType>
                {
                    ["application/problem+json"] = new OpenApiMediaType { Schema = new OpenApiSchemaReference(Problem, context.Document) },
                },
            };
        }

        if (restricted)
            operation.Security =
            [
                Requirement(Session, context.Document),
                Requirement(SessionToken, context.Document),
                .. policies.Exists(policy => policy is Policies.Member or Policies.Manage) ? Array.Empty<OpenApiSecurityRequirement>() : [Requirement(ApiKey, context.Document)],
            ];
        return Task.CompletedTask;
    }

    private static string Text(int status) => status.ToString(CultureInfo.InvariantCulture);

    private static OpenApiSecurityRequirement Requirement(string scheme, OpenApiDocument? document) =>
        new() { [new OpenApiSecuritySchemeReference(scheme, document)] = [] };

    private static OpenApiSchema ProblemSchema(OpenApiDocument document) => new()
    {
        Type = JsonSchemaType.Object,
        Description = "RFC 9457, and a stable code to branch on. What is not required comes with the refusals that it is described for, and with no other.",
        Required = new HashSet<string> { "type", "title", "status", "error", "message", "request_id" },
        Properties = new Dictionary<string, IOpenApiSchema>
        {
            ["type"] = new OpenApiSchema { Type = JsonSchemaType.String, Format = "uri" },
            ["title"] = new OpenApiSchema { Type = JsonSchemaType.String },
            ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer },
            ["error"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "invalid_parameter, unauthorized, not_found ..." },
            ["message"] = new OpenApiSchema { Type = JsonSchemaType.String },
            ["request_id"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "As in X-Request-Id." },
            ["required_plan"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "With upgrade_required: the smallest plan that includes it." },
            ["errors"] = new OpenApiSchema
            {
                Type = JsonSchemaType.Object,
                Description = "What is wrong, by parameter.",
                AdditionalProperties = new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String } },
            },
            ["reason"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "With unauthorized: token_expired, when a refreshed session would do." },
            ["alternatives"] = new OpenApiSchema
            {
                Type = JsonSchemaType.Array,
                Description = "With a time that is not free: the next ones that are.",
                Items = new OpenApiSchemaReference("SlotItem", document),
            },
            ["calendars"] = new OpenApiSchema
            {
                Type = JsonSchemaType.Array,
                Description = "With several calendars, of which one is to be named: those there are.",
                Items = new OpenApiSchema
                {
                    Type = JsonSchemaType.Object,
                    Required = new HashSet<string> { "url", "name", "writable" },
                    Properties = new Dictionary<string, IOpenApiSchema>
                    {
                        ["url"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "For calendar_url." },
                        ["name"] = new OpenApiSchema { Type = JsonSchemaType.String },
                        ["writable"] = new OpenApiSchema { Type = JsonSchemaType.Boolean },
                    },
                },
            },
            ["appointments"] = new OpenApiSchema
            {
                Type = JsonSchemaType.Array,
                Description = "With a caller who cannot be erased yet: their appointments that are still to come.",
                Items = new OpenApiSchema { Type = JsonSchemaType.String },
            },
        },
    };
}
