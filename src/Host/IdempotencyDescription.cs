using KestrelVoice.Features.Kernel.Idempotency;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace KestrelVoice.Host;

/// <summary>Says of each operation that may be repeated how that is done.</summary>
internal static class IdempotencyDescription
{
    public static Task AddAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        if (!context.Description.ActionDescriptor.EndpointMetadata.OfType<IdempotencyKey>().Any())
            return Task.CompletedTask;
        (operation.Parameters ??= []).Add(new OpenApiParameter
        {
            Name = IdempotencyKey.Header,
            In = ParameterLocation.Header,
            Description = "Chosen by the client for this one request, commonly a UUID. Repeated under it within 24 hours, the request is carried out once.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1, MaxLength = IdempotencyKey.Longest },
        });
        foreach (var (_, response) in (operation.Responses ?? []).Where(response => response.Key.StartsWith('2')))
        {
            if (response is OpenApiResponse { } success)
                (success.Headers ??= new Dictionary<string, IOpenApiHeader>()).Add(IdempotencyKey.Replayed, new OpenApiHeader
                {
                    Description = "true when this was answered before, to the same request.",
                    Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                });
        }
        return Task.CompletedTask;
    }
}
