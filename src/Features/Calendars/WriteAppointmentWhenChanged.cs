using System.Text.Json.Serialization;
using Carter;
using Dapr;
using Dapr.Workflow;
using FluentValidation;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Calendars;

internal static class WriteAppointmentWhenChanged
{
    public sealed record Command(
        [property: JsonRequired] Guid TenantId,
        [property: JsonRequired] Guid AppointmentId) : IRequest<Outcome>;

    public enum Outcome
    {
        Begun,
        NothingToWrite,
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.TenantId).NotEmpty();
            RuleFor(command => command.AppointmentId).NotEmpty();
        }
    }

    internal sealed class Handler(TenantDatabase database, DaprWorkflowClient workflows) : IRequestHandler<Command, Outcome>
    {
        private const string Find =
            """
            select a.version
            from appointments a
            where a.tenant_id = @TenantId and a.id = @AppointmentId
              and (exists (select from calendar_connections c
                           where c.tenant_id = a.tenant_id and c.resource_id = a.resource_id and c.receives_appointments)
                   or exists (select from calendar_entries e where e.tenant_id = a.tenant_id and e.appointment_id = a.id))
            """;

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            var version = await database.ReadAsync(
                command.TenantId, Find, new { command.AppointmentId }, results => results.ReadSingleOrDefaultAsync<int?>(), cancellationToken);
            if (version is null)
                return Outcome.NothingToWrite;
            await workflows.BeginOnceAsync(
                nameof(WriteAppointmentWorkflow), WriteAppointmentWorkflow.InstanceOf(command.AppointmentId, version.Value),
                new WriteAppointmentWorkflow.Input(command.TenantId, command.AppointmentId, version.Value, Round: 0), cancellationToken);
            return Outcome.Begun;
        }
    }

    public sealed class Subscription : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/events/appointment-changes/calendars", Handle)
            .TakesDeliveries(new TopicOptions { PubsubName = Components.PubSub, Name = Topics.AppointmentChanges, DeadLetterTopic = Topics.HostDead });
    }

    internal static async Task<Ok> Handle(Command command, IMediator mediator, CancellationToken cancellationToken)
    {
        await mediator.Send(command, cancellationToken);
        return TypedResults.Ok();
    }
}
