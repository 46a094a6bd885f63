using Microsoft.AspNetCore.OpenApi;
using Scalar.AspNetCore;

namespace KestrelVoice.Host;

/// <summary>The OpenAPI document, and a page to read it.</summary>
internal static class ApiDescription
{
    public static void AddApiDescription(this IServiceCollection services) => services.AddOpenApi(options =>
    {
        // The generator merges nested types of the same simple name, so a slice's types carry its name.
        options.CreateSchemaReferenceId = type => type.Type.DeclaringType is { } slice && OpenApiOptions.CreateDefaultSchemaReferenceId(type) is { } id
            ? slice.Name + id
            : OpenApiOptions.CreateDefaultSchemaReferenceId(type);
    });

    public static void MapApiDescription(this WebApplication app)
    {
        app.MapOpenApi().AllowAnonymous();
        app.MapScalarApiReference("/docs").AllowAnonymous();
    }
}
