using FluentValidation;
using KestrelVoice.Features.Kernel;
using MediatR;

namespace KestrelVoice.Features.Appointments;

/// <summary>What the demo tenant does, and who does it.</summary>
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

    internal sealed class Handler(TenantDatabase database, TimeProvider clock) : IRequestHandler<Command, Response>
    {
        public async Task<Response> Handle(Command command, CancellationToken cancellationToken)
        {
            await using var transaction = await database.BeginAsync(command.TenantId, cancellationToken);
            var added = await DemoSchedule.AddAsync(transaction, clock.GetUtcNow(), cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return new Response(added);
        }
    }
}
