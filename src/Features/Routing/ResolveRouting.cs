using System.Text.Json;
using Carter;
using Dapper;
using FluentValidation;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace KestrelVoice.Features.Routing;

internal static class ResolveRouting
{
    public sealed record Query(string PhoneNumber) : IRequest<RoutingSettings?>;

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator() => RuleFor(query => query.PhoneNumber).NotEmpty().MaximumLength(128)
            .Must(number => number?.Contains('\0', StringComparison.Ordinal) != true);
    }

    internal sealed class Handler(NpgsqlDataSource database) : IRequestHandler<Query, RoutingSettings?>
    {
        // The number says who the tenant is, and from then on only that tenant's rows are seen.
        private const string Find =
            """
            select set_config('app.tenant_id', coalesce(tenant_of_number(@PhoneNumber)::text, ''), true);
            select id, business_name, time_zone, opening_hours::text, greeting, record_calls, person_number, on_call_number,
                   ring_seconds, to_jsonb(emergency_phrases)::text as emergency_phrases, language
            from tenants
            where id = nullif(current_setting('app.tenant_id', true), '')::uuid;
            select id, name
            from services
            where tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid and archived_at is null
            order by created_at, id
            limit @MostServices
            """;

        // As many as there are keys for, besides those for a person and the voicemail.
        private const int MostServices = 8;

        private sealed record Row(
            Guid Id, string BusinessName, string TimeZone, string OpeningHours, string? Greeting, bool RecordCalls, string? PersonNumber,
            string? OnCallNumber, int RingSeconds, string EmergencyPhrases, string Language);

        public async Task<RoutingSettings?> Handle(Query query, CancellationToken cancellationToken)
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            await using var results = await connection.QueryMultipleAsync(new CommandDefinition(
                Find, new { query.PhoneNumber, MostServices }, cancellationToken: cancellationToken));
            await results.ReadSingleAsync<string>();
            var tenant = await results.ReadSingleOrDefaultAsync<Row>();
            var services = await results.ReadAsync<BookableService>();
            return tenant is { } row
                ? new RoutingSettings(
                    row.Id, row.BusinessName, row.TimeZone,
                    JsonSerializer.Deserialize<OpeningHours[]>(row.OpeningHours, ContractJson.Options)!,
                    row.Greeting, row.RecordCalls, row.PersonNumber, row.OnCallNumber, row.RingSeconds,
                    JsonSerializer.Deserialize<string[]>(row.EmergencyPhrases)!, row.Language)
                {
                    Services = [.. services],
                }
                : null;
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost(InternalRoutes.Routing, Handle)
            .WithName(nameof(ResolveRouting))
            .RequireAuthorization(Policies.Sidecar)
            .ExcludeFromDescription();
    }

    internal static async Task<Results<Ok<RoutingSettings>, ProblemHttpResult>> Handle(
        RoutingLookup lookup, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Query(lookup.PhoneNumber), cancellationToken) is { } settings
            ? TypedResults.Ok(settings)
            : Problems.NotFound("Nobody owns that number.");
}
