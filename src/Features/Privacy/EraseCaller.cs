using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Serialization;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Appointments;
using KestrelVoice.Features.Audit;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Routing;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Privacy;

internal static class EraseCaller
{
    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record Command(
        [property: Description("E.164, such as +15035550142.")] string PhoneNumber,
        [property: Description("Cancels appointments that are still to come. Without it they are a conflict.")] bool CancelAppointments = false)
        : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Begun(ErasureItem Erasure) : Outcome;

        internal sealed record InProgress : Outcome;

        internal sealed record Upcoming(IReadOnlyList<string> Appointments) : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator() => RuleFor(command => command.PhoneNumber).IsSomebodysNumber("phone_number");
    }

    internal sealed class Handler(
        TenantDatabase database, Erasing erasing, CustomerAppointments appointments, AuditLog audit, Principal principal, TimeProvider clock)
        : IRequestHandler<Command, Outcome>
    {
        private const string Find =
            """
            select count(*) > 0 as any, coalesce(bool_or(status = 'in-progress' and created_at > @Since), false) as in_progress
            from call_logs
            where tenant_id = @TenantId and phone_number = @PhoneNumber
            """;

        private sealed record Calls(bool Any, bool InProgress);

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            var calls = (await transaction.QuerySingleOrDefaultAsync<Calls>(
                Find, new { command.PhoneNumber, Since = (clock.GetUtcNow() - CallsUnderWay.Longest).UtcDateTime }, cancellationToken))!;
            if (calls.InProgress)
                return new Outcome.InProgress();
            var upcoming = await appointments.FindUpcomingAsync(transaction, command.PhoneNumber, cancellationToken);
            if (upcoming is not [] && !command.CancelAppointments)
                return new Outcome.Upcoming([.. upcoming.Select(id => TypeId.Format(TypeId.Appointment, id))]);

            var erasureId = (await erasing.BeginAsync(
                transaction, "caller", calls.Any ? command.PhoneNumber : null, upTo: null, cancellationToken))!.Value;
            await erasing.EraseCustomerAsync(transaction, erasureId, command.PhoneNumber, cancellationToken);
            if (calls.Any)
                await erasing.HandOverAsync(transaction, erasureId, cancellationToken);
            else
                await erasing.EndAsync(transaction, erasureId, cancellationToken);
            await audit.AddAsync(
                transaction, AuditActions.CallerErased, TypeId.Format(TypeId.Erasure, erasureId), CallerNumber.Masked(command.PhoneNumber), cancellationToken);
            var erasure = await transaction.QuerySingleOrDefaultAsync<ErasureRow>(ErasureRow.Find, new { ErasureId = erasureId }, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return new Outcome.Begun(erasure!.Shown());
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/api/callers/erase", Handle)
            .WithName(nameof(EraseCaller)).WithTags("Privacy").WithSummary("Erase all that is held of a phone number")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<Accepted<ErasureItem>, ProblemHttpResult>> Handle(
        Command command, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(command, cancellationToken) switch
        {
            Outcome.Begun(var erasure) => TypedResults.Accepted($"/api/erasures/{erasure.Id}", erasure),
            Outcome.InProgress => Problems.Conflict("The caller is on the line; erase once the call is over."),
            Outcome.Upcoming(var ids) => Problems.Of(
                StatusCodes.Status409Conflict, Problems.ConflictError,
                "There are appointments still to come. Cancel them, or send cancel_appointments: true.",
                new Dictionary<string, object?> { ["appointments"] = ids }),
            _ => throw new UnreachableException(),
        };
}
