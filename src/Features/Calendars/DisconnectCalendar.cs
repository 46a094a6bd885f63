using System.ComponentModel;
using System.Diagnostics;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Audit;
using KestrelVoice.Features.Calendars.Google;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Calendars;

internal static class DisconnectCalendar
{
    public sealed record Command(string Id) : IRequest<Outcome>;

    public enum Outcome
    {
        Disconnected,
        NotFound,
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator() => RuleFor(command => command.Id).Must(CalendarId.IsOne).WithMessage(CalendarId.Rule);
    }

    internal sealed class Handler(TenantDatabase database, Principal principal, AuditLog audit, GoogleGrants google) : IRequestHandler<Command, Outcome>
    {
        private const string Delete =
            """
            delete from calendar_connections c
            where tenant_id = @TenantId and id = @Id
            returning kind, secret, exists (
                select from calendar_connections other
                where other.tenant_id = @TenantId and other.kind = c.kind and other.user_name = c.user_name and other.id <> c.id) as is_shared
            """;

        private sealed record Deleted(string Kind, string Secret, bool IsShared);

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            var id = TypeId.Parse(TypeId.Calendar, command.Id);
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            if (await transaction.QuerySingleOrDefaultAsync<Deleted>(Delete, new { Id = id }, cancellationToken) is not { } deleted)
                return Outcome.NotFound;
            await audit.AddAsync(transaction, AuditActions.CalendarDisconnected, TypeId.Format(TypeId.Calendar, id), detail: null, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            // Google takes back all that the account has granted, and so not as long as another of its calendars is connected.
            if (deleted is { Kind: CalendarConnections.Google, IsShared: false })
                await google.GiveBackAsync(principal.TenantId, id, deleted.Secret, cancellationToken);
            return Outcome.Disconnected;
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapDelete("/api/calendars/{id}", Handle)
            .WithName(nameof(DisconnectCalendar)).WithTags("Calendars")
            .WithSummary("Disconnect a calendar; what was written there stays, and its busy times count no more")
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<NoContent, ProblemHttpResult>> Handle(
        [Description("cal_… or the bare UUID.")] string id, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Command(id), cancellationToken) switch
        {
            Outcome.Disconnected => TypedResults.NoContent(),
            Outcome.NotFound => Problems.NotFound("There is no such calendar."),
            _ => throw new UnreachableException(),
        };
}
