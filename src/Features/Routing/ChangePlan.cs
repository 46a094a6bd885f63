using FluentValidation;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace KestrelVoice.Features.Routing;

/// <summary>Puts a tenant on another plan, or tells which it has. The operator's business: the app's own role may not do it.</summary>
public static class ChangePlan
{
    /// <param name="Tenant">Its id, <c>ten_…</c> or bare, or one of its numbers.</param>
    /// <param name="Plan">Null leaves the plan as it is.</param>
    public sealed record Command(string Tenant, string? Plan) : IRequest<Response?>;

    /// <param name="TenantId"><c>ten_…</c>.</param>
    /// <param name="Name">Of the business.</param>
    /// <param name="Plan">The one that it has now.</param>
    public sealed record Response(string TenantId, string Name, string Plan);

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.Tenant).Must(NamedTenant.Is).WithMessage(NamedTenant.Rule);
            RuleFor(command => command.Plan).Must(plan => plan is null || PlanNames.All.Contains(plan))
                .WithMessage($"A plan is one of {string.Join(", ", PlanNames.All)}.");
        }
    }

    internal sealed class Handler(IConfiguration configuration) : IRequestHandler<Command, Response?>
    {
        private const string Change =
            """
            update tenants set plan = coalesce(@Plan, plan) where id = @TenantId and sandbox_of is null
            returning business_name, plan
            """;

        private sealed record Row(string BusinessName, string Plan);

        public async Task<Response?> Handle(Command command, CancellationToken cancellationToken)
        {
            await using var source = NpgsqlDataSource.Create(configuration.GetConnectionString("Migrations")
                ?? throw new InvalidOperationException("ConnectionStrings:Migrations is not configured."));
            if (await NamedTenant.IdOfAsync(source, command.Tenant, cancellationToken) is not { } id)
                return null;
            await using var transaction = await new TenantDatabase(source).BeginAsync(id, cancellationToken);
            var row = await transaction.QuerySingleOrDefaultAsync<Row>(Change, new { command.Plan }, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return row is null ? null : new Response(TypeId.Format(TypeId.Tenant, id), row.BusinessName, row.Plan);
        }
    }
}
