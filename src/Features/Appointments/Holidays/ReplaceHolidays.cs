using System.ComponentModel;
using System.Text.Json.Serialization;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Audit;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.Idempotency;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Appointments.Holidays;

/// <summary>The whole list at once, as it was read. Appointments that were made for a day stay.</summary>
internal static class ReplaceHolidays
{
    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record Command(
        [property: Description("Every holiday, past ones too if they are to stay in the list; up to 500.")] IReadOnlyList<HolidayItem> Data)
        : IRequest<Response>;

    internal sealed record Response(IReadOnlyList<HolidayItem> Data);

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator() => RuleFor(command => command.Data).Custom((days, context) =>
        {
            if (HolidayItem.Offence(days) is { } offence)
                context.AddFailure(offence);
        });
    }

    internal sealed class Handler(TenantDatabase database, Principal principal, AuditLog audit, IdempotentRequest request)
        : IRequestHandler<Command, Response>
    {
        private const string Replace =
            """
            delete from holidays where tenant_id = @TenantId;
            insert into holidays (tenant_id, day, name)
            select @TenantId, day, name from unnest(@Days::date[], @Names) as holiday (day, name)
            """;

        public async Task<Response> Handle(Command command, CancellationToken cancellationToken)
        {
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            await transaction.ExecuteAsync(ScheduleRules.OneAtATime, null, cancellationToken);
            await transaction.ExecuteAsync(Replace, new
            {
                Days = command.Data.Select(holiday => holiday.Day).ToArray(),
                Names = command.Data.Select(holiday => holiday.Name?.Trim()).ToArray(),
            }, cancellationToken);
            await audit.AddAsync(transaction, AuditActions.HolidaysChanged, "holidays", $"{command.Data.Count} days", cancellationToken);
            var days = await transaction.QueryAsync<HolidayItem>(HolidayItem.Select, null, cancellationToken);
            await request.CommitAsync(transaction, cancellationToken);
            return new Response([.. days]);
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPut("/api/holidays", Handle)
            .WithName(nameof(ReplaceHolidays)).WithTags("Schedule").WithSummary("Say on which days nobody works, in place of those before")
            .TakesIdempotencyKey()
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Ok<Response>> Handle(Command command, IMediator mediator, CancellationToken cancellationToken) =>
        TypedResults.Ok(await mediator.Send(command, cancellationToken));
}
