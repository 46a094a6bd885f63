using System.ComponentModel;
using System.Text.Json.Serialization;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Audit;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Routing;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Privacy;

internal static class ExportCaller
{
    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record Command([property: Description("E.164, such as +15035550142.")] string PhoneNumber) : IRequest<Response>;

    /// <param name="Calls">Read while they are written out: however many there are, one at a time is in memory.</param>
    internal sealed record Response(
        string PhoneNumber, DateTime ExportedAt,
        [property: Description("Calls from and to the number, oldest first.")] IAsyncEnumerable<ExportedCall> Calls,
        [property: Description("For the number, or booked in its calls.")] IAsyncEnumerable<ExportedAppointment> Appointments);

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator() => RuleFor(command => command.PhoneNumber).IsSomebodysNumber("phone_number");
    }

    internal sealed class Handler(TenantDatabase database, ExportedCalls exported, AuditLog audit, Principal principal, TimeProvider clock)
        : IRequestHandler<Command, Response>
    {
        public async Task<Response> Handle(Command command, CancellationToken cancellationToken)
        {
            // Written down before the first byte leaves.
            await using (var transaction = await database.BeginAsync(principal.TenantId, cancellationToken))
            {
                await audit.AddAsync(
                    transaction, AuditActions.CallerExported, TypeId.Format(TypeId.Tenant, principal.TenantId), CallerNumber.Masked(command.PhoneNumber),
                    cancellationToken);
                await transaction.CommitAsync(cancellationToken);
            }
            return new Response(
                command.PhoneNumber, clock.GetUtcNow().UtcDateTime,
                exported.CallsOfAsync(principal.TenantId, command.PhoneNumber, cancellationToken),
                exported.AppointmentsOfAsync(principal.TenantId, command.PhoneNumber, cancellationToken));
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/api/callers/export", Handle)
            .WithName(nameof(ExportCaller)).WithTags("Privacy").WithSummary("Read all that is held of a phone number, as one document")
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Ok<Response>> Handle(Command command, IMediator mediator, CancellationToken cancellationToken) =>
        TypedResults.Ok(await mediator.Send(command, cancellationToken));
}
