using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Serialization;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Audit;
using KestrelVoice.Features.Demo;
using KestrelVoice.Features.Identity.Credentials;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.Idempotency;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Identity.Keys;

internal static class CreateApiKey
{
    private const int LongestName = 100;
    private const int MostKeys = 100;

    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record Command(
        [property: Description("What the key is for, 1 to 100 characters.")] string Name,
        [property: Description("read, write, or both.")] IReadOnlyList<string> Scopes,
        [property: Description("live (when absent), or test: a key that acts in the sandbox, out of which nothing reaches.")] string? Mode = null)
        : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Created(Response Key) : Outcome;
        internal sealed record TooMany : Outcome;
    }

    public sealed record Response(
        string Id,
        [property: Description("The key itself, shown this once.")] string Key,
        string Name, Mode Mode, IReadOnlyList<string> Scopes, string Prefix, string Last4, DateTime CreatedAt, DateTime? ExpiresAt);

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.Name)
                .Must(name => name is not null && name.Trim().Length is >= 1 and <= LongestName && !name.Any(char.IsControl))
                .WithMessage($"name is 1 to {LongestName} characters.");
            RuleFor(command => command.Scopes)
                .Must(scopes => scopes is { Count: > 0 and <= 2 } && scopes.All(scope => scope is Principal.Read or Principal.Write)
                    && scopes.Distinct().Count() == scopes.Count)
                .WithMessage("scopes holds read, write, or both.");
            RuleFor(command => command.Mode).Must(mode => mode is null or ModeNames.Live or ModeNames.Test)
                .WithMessage("mode is live or test.");
        }
    }

    internal sealed class Handler(
        TenantDatabase database, Sandboxes sandboxes, Principal principal, AuditLog audit, IdempotentRequest request, TimeProvider clock)
        : IRequestHandler<Command, Outcome>
    {
        // One at a time, so that two requests cannot both take the last place.
        private const string Insert =
            """
            select pg_advisory_xact_lock(hashtextextended('api_keys:' || @TenantId::text, 0));
            insert into api_keys (tenant_id, id, lookup_id, hash, prefix, last4, name, mode, scopes, created_by, created_at)
            select @TenantId, @Id, @LookupId, @Hash, @Prefix, @Last4, @Name, @Mode, @Scopes, @CreatedBy, @Now
            where (select count(*) from api_keys where tenant_id = @TenantId and revoked_at is null) < @MostKeys
            """;

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            var mode = ModeNames.Read(command.Mode ?? ModeNames.Live);
            if (mode is Mode.Test)
                await sandboxes.OpenAsync(principal.TenantId, cancellationToken);

            var now = clock.GetUtcNow();
            var id = Guid.CreateVersion7(now);
            var key = ApiKeyText.Create(mode);
            var scopes = command.Scopes.Order(StringComparer.Ordinal).ToArray();
            var name = command.Name.Trim();
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            var inserted = await transaction.ExecuteAsync(Insert, new
            {
                Id = id,
                key.LookupId,
                Hash = key.Hash(),
                key.Prefix,
                key.Last4,
                Name = name,
                Mode = mode.Name(),
                Scopes = scopes,
                CreatedBy = principal.Id,
                Now = now.UtcDateTime,
                MostKeys,
            }, cancellationToken);
            if (inserted == 0)
                return new Outcome.TooMany();
            await audit.AddAsync(
                transaction, AuditActions.KeyCreated, TypeId.Format(TypeId.ApiKey, id), string.Join(' ', [mode.Name(), .. scopes]), cancellationToken);
            await request.CommitAsync(transaction, cancellationToken);
            return new Outcome.Created(new Response(
                TypeId.Format(TypeId.ApiKey, id), key.Text, name, mode, scopes, key.Prefix, key.Last4, now.UtcDateTime, ExpiresAt: null));
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/api/api-keys", Handle)
            .WithName(nameof(CreateApiKey)).WithTags("API keys").WithSummary("Create an API key; the answer shows it this once")
            .TakesIdempotencyKey()
            .RequireAuthorization(Policies.Manage);
    }

    internal static async Task<Results<Created<Response>, ProblemHttpResult>> Handle(
        Command command, HttpContext context, IMediator mediator, CancellationToken cancellationToken)
    {
        context.Response.Headers.CacheControl = "no-store";
        return await mediator.Send(command, cancellationToken) switch
        {
            Outcome.Created(var key) => TypedResults.Created($"/api/api-keys/{key.Id}", key),
            Outcome.TooMany => Problems.Conflict($"There are {MostKeys} API keys already; revoke one first."),
            _ => throw new UnreachableException(),
        };
    }
}
