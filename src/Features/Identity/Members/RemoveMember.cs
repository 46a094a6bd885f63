using System.ComponentModel;
using System.Diagnostics;
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

internal static class RemoveMember
{
    public sealed record Command(string Id) : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Removed : Outcome;
        internal sealed record NotAllowed : Outcome;
        internal sealed record NotFound : Outcome;
        internal sealed record LastOwner : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator() => RuleFor(command => command.Id).Must(id => Guid.TryParse(id, out _)).WithMessage("id is a UUID.");
    }

    internal sealed class Handler(TenantDatabase database, Principal principal, AuditLog audit) : IRequestHandler<Command, Outcome>
    {
        private const string Remove = "delete from members where tenant_id = @TenantId and user_id = @UserId";

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            var userId = Guid.Parse(command.Id);
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            await transaction.ExecuteAsync(MemberRules.OneAtATime, null, cancellationToken);
            var role = await transaction.QuerySingleOrDefaultAsync<string>(MemberRules.FindRole, new { UserId = userId }, cancellationToken);
            if (role is null)
                return new Outcome.NotFound();
            if (!principal.MayDecideAbout(role))
                return new Outcome.NotAllowed();
            if (role is Roles.Owner && await transaction.QuerySingleOrDefaultAsync<long>(MemberRules.CountOwners, null, cancellationToken) == 1)
                return new Outcome.LastOwner();
            await transaction.ExecuteAsync(Remove, new { UserId = userId }, cancellationToken);
            await audit.AddAsync(transaction, AuditActions.MemberRemoved, userId.ToString(), role, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return new Outcome.Removed();
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapDelete("/api/members/{id}", Handle)
            .WithName(nameof(RemoveMember)).WithTags("Members").WithSummary("Remove a member, felt within a second")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .RequireAuthorization(Policies.Manage);
    }

    internal static async Task<Results<NoContent, ProblemHttpResult>> Handle(
        [Description("The user id.")] string id, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Command(id), cancellationToken) switch
        {
            Outcome.Removed => TypedResults.NoContent(),
            Outcome.NotAllowed => MemberRules.OwnersOnly(),
            Outcome.NotFound => MemberRules.NotFound(),
            Outcome.LastOwner => MemberRules.LastOwner(),
            _ => throw new UnreachableException(),
        };
}
