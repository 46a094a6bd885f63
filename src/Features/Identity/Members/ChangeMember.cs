using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Serialization;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Audit;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Identity.Members;

internal static class ChangeMember
{
    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record Body([property: Description("owner, admin, member or viewer.")] string Role);

    public sealed record Command(string Id, string Role) : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Changed(MemberItem Member) : Outcome;
        internal sealed record NotAllowed : Outcome;
        internal sealed record NotFound : Outcome;
        internal sealed record LastOwner : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.Id).Must(id => Guid.TryParse(id, out _)).WithMessage("id is a UUID.");
            RuleFor(command => command.Role).Must(MemberRules.IsRole).WithMessage(MemberRules.RoleMessage);
        }
    }

    internal sealed class Handler(TenantDatabase database, Principal principal, AuditLog audit) : IRequestHandler<Command, Outcome>
    {
        private const string Change =
            """
            update members m set role = @Role
            where m.tenant_id = @TenantId and m.user_id = @UserId
            returning coalesce((select u.email from identity.users u where u.id = m.user_id), m.email) as email, m.created_at
            """;

        private sealed record Row(string? Email, DateTime CreatedAt);

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            var userId = Guid.Parse(command.Id);
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            await transaction.ExecuteAsync(MemberRules.OneAtATime, null, cancellationToken);
            var before = await transaction.QuerySingleOrDefaultAsync<string>(MemberRules.FindRole, new { UserId = userId }, cancellationToken);
            if (before is null)
                return new Outcome.NotFound();
            if (!principal.MayDecideAbout(before) || !principal.MayDecideAbout(command.Role))
                return new Outcome.NotAllowed();
            if (before is Roles.Owner && command.Role is not Roles.Owner
                && await transaction.QuerySingleOrDefaultAsync<long>(MemberRules.CountOwners, null, cancellationToken) == 1)
                return new Outcome.LastOwner();
            var row = await transaction.QuerySingleOrDefaultAsync<Row>(Change, new { UserId = userId, command.Role }, cancellationToken);
            await audit.AddAsync(transaction, AuditActions.MemberChanged, userId.ToString(), $"{before} to {command.Role}", cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return new Outcome.Changed(new MemberItem(userId.ToString(), row!.Email, command.Role, row.CreatedAt));
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPatch("/api/members/{id}", Handle)
            .WithName(nameof(ChangeMember)).WithTags("Members").WithSummary("Give a member another role, felt within a second")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .RequireAuthorization(Policies.Manage);
    }

    internal static async Task<Results<Ok<MemberItem>, ProblemHttpResult>> Handle(
        [Description("The user id.")] string id, Body body, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Command(id, body.Role), cancellationToken) switch
        {
            Outcome.Changed(var member) => TypedResults.Ok(member),
            Outcome.NotAllowed => MemberRules.OwnersOnly(),
            Outcome.NotFound => MemberRules.NotFound(),
            Outcome.LastOwner => MemberRules.LastOwner(),
            _ => throw new UnreachableException(),
        };
}
