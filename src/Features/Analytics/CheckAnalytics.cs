using Dapper;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Routing;
using MediatR;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace KestrelVoice.Features.Analytics;

/// <summary>Counts calls, and compares with what the lists' totals and analytics are added up from.</summary>
public static class CheckAnalytics
{
    /// <summary>How many differences are told one by one.</summary>
    internal const int MostShown = 200;

    /// <summary>Ten million calls are counted in well under a minute.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromHours(1);

    /// <param name="Tenant">Its id or one of its numbers; null for all of them.</param>
    /// <param name="Repair">Whether to make right what is wrong.</param>
    public sealed record Command(string? Tenant, bool Repair) : IRequest<Response?>;

    /// <param name="Tenants">How many were checked.</param>
    /// <param name="Differences">How many numbers were off.</param>
    /// <param name="Repaired">Whether they are right now.</param>
    /// <param name="Shown">The first of them.</param>
    public sealed record Response(int Tenants, long Differences, bool Repaired, IReadOnlyList<Difference> Shown);

    /// <param name="TenantId"><c>ten_…</c>.</param>
    /// <param name="Rollup">The table.</param>
    /// <param name="Bucket">Which day or quarter hour.</param>
    /// <param name="Metric">Which number.</param>
    /// <param name="Stored">What it was.</param>
    /// <param name="Counted">What the calls come to.</param>
    public sealed record Difference(string TenantId, string Rollup, string Bucket, string Metric, long Stored, long Counted);

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator() => RuleFor(command => command.Tenant).Must(tenant => tenant is null || NamedTenant.Is(tenant)).WithMessage(NamedTenant.Rule);
    }

    internal sealed class Handler(IConfiguration configuration) : IRequestHandler<Command, Response?>
    {
        private const string All = "select id from tenant_ids()";
        private const string Exists = "select 1 from tenants where id = @TenantId";

        public async Task<Response?> Handle(Command command, CancellationToken cancellationToken)
        {
            await using var source = Open(configuration);
            if (await TenantsAsync(source, command.Tenant, cancellationToken) is not { } tenants)
                return null;

            var database = new TenantDatabase(source);
            var differences = 0L;
            var shown = new List<Difference>();
            foreach (var tenantId in tenants)
            {
                var (total, some) = await CheckAsync(database, tenantId, MostShown - shown.Count, command.Repair, cancellationToken);
                differences += total;
                shown.AddRange(some.Select(wrong => new Difference(
                    TypeId.Format(TypeId.Tenant, tenantId), wrong.Rollup, wrong.Bucket, wrong.Metric, wrong.Stored, wrong.Counted)));
            }
            return new Response(tenants.Count, differences, Repaired: command.Repair, shown);
        }

        // Only a tenant that needs it is held up.
        private static async Task<(long Total, IReadOnlyList<CallRollups.Difference> Shown)> CheckAsync(
            TenantDatabase database, Guid tenantId, int most, bool repair, CancellationToken cancellationToken)
        {
            await using var transaction = await database.BeginAsync(tenantId, cancellationToken);
            var found = await CallRollups.FindDifferencesAsync(transaction, most, cancellationToken);
            if (repair && found.Total > 0)
                await CallRollups.CorrectAsync(transaction, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return found;
        }

        private static async Task<IReadOnlyList<Guid>?> TenantsAsync(NpgsqlDataSource source, string? named, CancellationToken cancellationToken)
        {
            if (named is null)
            {
                await using var connection = await source.OpenConnectionAsync(cancellationToken);
                return (await connection.QueryAsync<Guid>(new CommandDefinition(All, cancellationToken: cancellationToken))).AsList();
            }
            if (await NamedTenant.IdOfAsync(source, named, cancellationToken) is not { } id)
                return null;
            await using var transaction = await new TenantDatabase(source).BeginAsync(id, cancellationToken);
            return await transaction.QuerySingleOrDefaultAsync<int?>(Exists, null, cancellationToken) is null ? null : [id];
        }

        // Apart from the connections of requests, whose patience is short.
        private static NpgsqlDataSource Open(IConfiguration configuration) => NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(configuration.GetConnectionString("Kestrel") ?? throw new InvalidOperationException("ConnectionStrings:Kestrel is not configured."))
            {
                CommandTimeout = (int)Patience.TotalSeconds,
                MaxPoolSize = 1,
            });
    }
}
