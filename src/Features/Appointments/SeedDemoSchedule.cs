using FluentValidation;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace KestrelVoice.Features.Appointments;

/// <summary>What the demo tenant does, and its two technicians, open every day. A tenant that has services keeps what it has.</summary>
public static class SeedDemoSchedule
{
    /// <param name="TenantId">A tenant that exists.</param>
    public sealed record Command(Guid TenantId) : IRequest<Response>;

    /// <param name="Seeded">False when the tenant had services already.</param>
    public sealed record Response(bool Seeded);

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator() => RuleFor(command => command.TenantId).NotEmpty();
    }

    internal sealed class Handler(IConfiguration configuration, TimeProvider clock) : IRequestHandler<Command, Response>
    {
        // Takes turns with itself, so that two hosts that start together seed once.
        private const string Lock = "select id from tenants where id = @TenantId for update";

        private const string Seed =
            """
            with offered as (
                insert into services (tenant_id, id, name, length_minutes, buffer_before_minutes, buffer_after_minutes, step_minutes, created_at)
                select @TenantId, id, name, minutes, 0, after, 30, @Now
                from (values (@Repair, 'Plumbing repair', 60, 15), (@Heater, 'Water heater service', 90, 30)) as service (id, name, minutes, after)
                where not exists (select from services where tenant_id = @TenantId)
                returning id
            ), people as (
                insert into resources (tenant_id, id, name, travel_minutes, created_at)
                select @TenantId, id, name, 15, @Now
                from (values (@Robin, 'Robin'), (@Sam, 'Sam')) as person (id, name)
                where exists (select from offered)
                returning id
            )
            insert into working_hours (tenant_id, resource_id, day, opens, closes)
            select @TenantId, people.id, day, '08:00', '17:00'
            from people, unnest(array['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']) as day
            """;

        public async Task<Response> Handle(Command command, CancellationToken cancellationToken)
        {
            await using var source = NpgsqlDataSource.Create(configuration.GetConnectionString("Migrations")
                ?? throw new InvalidOperationException("ConnectionStrings:Migrations is not configured."));
            await using var transaction = await new TenantDatabase(source).BeginAsync(command.TenantId, cancellationToken);
            var now = clock.GetUtcNow();
            await transaction.ExecuteAsync(Lock, null, cancellationToken);
            var hours = await transaction.ExecuteAsync(
                Seed,
                new
                {
                    Repair = Guid.CreateVersion7(now),
                    Heater = Guid.CreateVersion7(now.AddMilliseconds(1)),
                    Robin = Guid.CreateVersion7(now),
                    Sam = Guid.CreateVersion7(now.AddMilliseconds(1)),
                    Now = now.UtcDateTime,
                },
                cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return new Response(hours > 0);
        }
    }
}
