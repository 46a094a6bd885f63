using System.Text.Json;
using Dapper;
using FluentValidation;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace KestrelVoice.Features.Routing;

/// <summary>Gives a number to a new tenant, or finds the tenant that has it. The operator's business: the app's own role may not do it.</summary>
internal static class OpenTenant
{
    public sealed record Command(
        string Number, string BusinessName, string Plan, string TimeZone, string Language, IReadOnlyList<OpeningHours> OpeningHours,
        bool RecordCalls, string? PersonNumber, string? OnCallNumber, int RingSeconds, IReadOnlyList<string> EmergencyPhrases)
        : IRequest<Response>;

    public sealed record Response(Guid TenantId);

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.Number).NotNull().Matches(PhoneNumbers.E164);
            RuleFor(command => command.BusinessName).NotEmpty().MaximumLength(200);
            RuleFor(command => command.Plan).Must(plan => plan is "personal" or "business" or "business_plus");
            RuleFor(command => command.TimeZone).NotEmpty().Must(zone => TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _));
            RuleFor(command => command.Language).NotEmpty();
            RuleFor(command => command.OpeningHours).NotNull();
            RuleFor(command => command.PersonNumber).Matches(PhoneNumbers.E164);
            RuleFor(command => command.OnCallNumber).Matches(PhoneNumbers.E164);
            RuleFor(command => command.RingSeconds).InclusiveBetween(5, 60);
            RuleFor(command => command.EmergencyPhrases).NotNull();
        }
    }

    internal sealed class Handler(IConfiguration configuration, TimeProvider clock) : IRequestHandler<Command, Response>
    {
        private const string Find = "select tenant_of_number(@Number)";

        private const string Open =
            """
            insert into tenants (id, business_name, plan, time_zone, language, opening_hours, record_calls, person_number, on_call_number,
                ring_seconds, emergency_phrases, created_at)
            values (@TenantId, @BusinessName, @Plan, @TimeZone, @Language, @OpeningHours::jsonb, @RecordCalls, @PersonNumber, @OnCallNumber,
                @RingSeconds, @EmergencyPhrases, @Now);
            insert into phone_numbers (tenant_id, number, created_at) values (@TenantId, @Number, @Now)
            """;

        public async Task<Response> Handle(Command command, CancellationToken cancellationToken)
        {
            await using var source = NpgsqlDataSource.Create(configuration.GetConnectionString("Migrations")
                ?? throw new InvalidOperationException("ConnectionStrings:Migrations is not configured."));
            if (await OwnerOfAsync(source, command.Number, cancellationToken) is { } owner)
                return new Response(owner);

            var tenantId = Guid.CreateVersion7(clock.GetUtcNow());
            await using var transaction = await new TenantDatabase(source).BeginAsync(tenantId, cancellationToken);
            await transaction.ExecuteAsync(
                Open,
                new
                {
                    command.Number,
                    command.BusinessName,
                    command.Plan,
                    command.TimeZone,
                    command.Language,
                    OpeningHours = JsonSerializer.Serialize(command.OpeningHours, ContractJson.Options),
                    command.RecordCalls,
                    command.PersonNumber,
                    command.OnCallNumber,
                    command.RingSeconds,
                    EmergencyPhrases = command.EmergencyPhrases.ToArray(),
                    Now = clock.GetUtcNow().UtcDateTime,
                },
                cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return new Response(tenantId);
        }

        private static async Task<Guid?> OwnerOfAsync(NpgsqlDataSource source, string number, CancellationToken cancellationToken)
        {
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
            return await connection.QuerySingleAsync<Guid?>(new CommandDefinition(
                Find, new { Number = number }, cancellationToken: cancellationToken));
        }
    }
}
