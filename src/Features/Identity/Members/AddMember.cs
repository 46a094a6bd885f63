using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json.Serialization;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Audit;
using KestrelVoice.Features.Identity.Embedded;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.Idempotency;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Identity.Members;

/// <summary>Lets somebody in. We send no mail: who invites hands over the first password, or names a user of the Supabase project.</summary>
internal static class AddMember
{
    private const int MostMembers = 500;

    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record Command(
        [property: Description("Their address.")] string Email,
        [property: Description("owner, admin, member or viewer.")] string Role,
        [property: Description("Their id in the Supabase project; only there, and needed there.")] Guid? UserId = null) : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Added(Response Member) : Outcome;
        internal sealed record NotAllowed : Outcome;
        internal sealed record IsOne : Outcome;
        internal sealed record TooMany : Outcome;
        internal sealed record UserIdMisplaced(string Message) : Outcome;
    }

    internal sealed record Response(
        string Id, string Email, string Role, DateTime CreatedAt,
        [property: Description("Signs them in the first time, shown this once; null for somebody who has a password already.")] string? Password);

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.Email).Must(email => email is not null && AuthUser.IsEmail(AuthUser.Normal(email)))
                .WithMessage("email is an address, up to 254 characters.");
            RuleFor(command => command.Role).Must(MemberRules.IsRole).WithMessage(MemberRules.RoleMessage);
            RuleFor(command => command.UserId).Must(id => id != Guid.Empty).WithMessage("user_id is a UUID.");
        }
    }

    internal sealed class Handler(
        TenantDatabase database, Principal principal, Passwords passwords, AuditLog audit, IOptions<AuthOptions> options,
        IdempotentRequest request, TimeProvider clock)
        : IRequestHandler<Command, Outcome>
    {
        private const int PasswordLength = 20;

        // No characters that look alike: people type this one.
        private const string PasswordAlphabet = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

        private const string InsertUser =
            """
            insert into identity.users (id, email, password_hash, app_metadata, user_metadata, email_confirmed_at, created_at, updated_at)
            values (@Id, @Email, @PasswordHash, @AppMetadata::jsonb, '{}', @Now, @Now, @Now)
            on conflict (email) do nothing
            """;

        private const string FindUser = "select id from identity.users where email = @Email";
        private const string CountMembers = "select count(*) from members where tenant_id = @TenantId";

        private const string InsertMember =
            """
            insert into members (tenant_id, user_id, role, email, created_at) values (@TenantId, @UserId, @Role, @Email, @Now)
            on conflict (tenant_id, user_id) do nothing
            """;

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            if (!principal.MayDecideAbout(command.Role))
                return new Outcome.NotAllowed();
            if (options.Value.IsEmbedded && command.UserId is not null)
                return new Outcome.UserIdMisplaced("user_id is for tenants whose members sign in at a Supabase project.");
            if (!options.Value.IsEmbedded && command.UserId is null)
                return new Outcome.UserIdMisplaced("user_id is needed: members sign in at a Supabase project, which knows them by it.");

            var now = clock.GetUtcNow();
            var email = AuthUser.Normal(command.Email);
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            var (userId, password) = command.UserId is { } known ? (known, null) : await UserAsync(transaction, email, now, cancellationToken);
            await transaction.ExecuteAsync(MemberRules.OneAtATime, null, cancellationToken);
            if (await transaction.QuerySingleOrDefaultAsync<long>(CountMembers, null, cancellationToken) >= MostMembers)
                return new Outcome.TooMany();
            var inserted = await transaction.ExecuteAsync(
                InsertMember, new { UserId = userId, command.Role, Email = email, Now = now.UtcDateTime }, cancellationToken);
            if (inserted == 0)
                return new Outcome.IsOne();
            await audit.AddAsync(transaction, AuditActions.MemberAdded, userId.ToString(), command.Role, cancellationToken);
            await request.CommitAsync(transaction, cancellationToken);
            return new Outcome.Added(new Response(userId.ToString(), email, command.Role, now.UtcDateTime, password));
        }

        private async Task<(Guid Id, string? Password)> UserAsync(
            TenantTransaction transaction, string email, DateTimeOffset now, CancellationToken cancellationToken)
        {
            if (await transaction.QuerySingleOrDefaultAsync<Guid?>(FindUser, new { Email = email }, cancellationToken) is { } existing)
                return (existing, null);
            var id = Guid.CreateVersion7(now);
            var password = RandomNumberGenerator.GetString(PasswordAlphabet, PasswordLength);
            var inserted = await transaction.ExecuteAsync(InsertUser, new
            {
                Id = id,
                Email = email,
                PasswordHash = passwords.Hash(password),
                AppMetadata = AuthUser.NewAppMetadata(transaction.TenantId),
                Now = now.UtcDateTime,
            }, cancellationToken);
            if (inserted == 1)
                return (id, password);
            // Somebody else let the same person in just now.
            return (await transaction.QuerySingleOrDefaultAsync<Guid>(FindUser, new { Email = email }, cancellationToken), null);
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/api/members", Handle)
            .WithName(nameof(AddMember)).WithTags("Members").WithSummary("Let somebody in; the answer shows a new person's first password this once")
            .TakesIdempotencyKey()
            .RequireAuthorization(Policies.Manage);
    }

    internal static async Task<Results<Created<Response>, ProblemHttpResult>> Handle(
        Command command, HttpContext context, IMediator mediator, CancellationToken cancellationToken)
    {
        context.Response.Headers.CacheControl = "no-store";
        return await mediator.Send(command, cancellationToken) switch
        {
            Outcome.Added(var member) => TypedResults.Created($"/api/members/{member.Id}", member),
            Outcome.NotAllowed => MemberRules.OwnersOnly(),
            Outcome.IsOne => Problems.Conflict("That person is a member already."),
            Outcome.TooMany => Problems.Conflict($"There are {MostMembers} members already; remove one first."),
            Outcome.UserIdMisplaced(var message) => Problems.Invalid("user_id", message),
            _ => throw new UnreachableException(),
        };
    }
}
