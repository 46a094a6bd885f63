using System.ComponentModel;
using System.Globalization;
using System.Text.Json.Serialization;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Audit;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Privacy.Retention;

internal static class ChangeRetention
{
    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record Command(
        [property: JsonRequired, Description("30 to 3650, or null to keep calls for good.")] int? CallDays) : IRequest<RetentionItem>;

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator() => RuleFor(command => command.CallDays).InclusiveBetween(30, 3650)
            .WithMessage("call_days is a whole number from 30 to 3650, or null.");
    }

    internal sealed class Handler(TenantDatabase database, AuditLog audit, Principal principal, TimeProvider clock) : IRequestHandler<Command, RetentionItem>
    {
        // Whoever changes it at the same time waits here, so that the audit log tells one story.
        private const string Lock =
            """
            insert into retention (tenant_id, call_days, updated_at, due_at)
            values (@TenantId, null, @Now, @Now)
            on conflict (tenant_id) do update set due_at = retention.due_at
            returning call_days
            """;

        private const string Change =
            "update retention set call_days = @CallDays, updated_at = @Now, due_at = @Now where tenant_id = @TenantId";

        public async Task<RetentionItem> Handle(Command command, CancellationToken cancellationToken)
        {
            var now = clock.GetUtcNow();
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            var before = await transaction.QuerySingleOrDefaultAsync<int?>(Lock, new { Now = now.UtcDateTime }, cancellationToken);
            if (before != command.CallDays)
            {
                await transaction.ExecuteAsync(Change, new { command.CallDays, Now = now.UtcDateTime }, cancellationToken);
                await audit.AddAsync(
                    transaction, AuditActions.RetentionChanged, TypeId.Format(TypeId.Tenant, principal.TenantId),
                    $"{InWords(before)} to {InWords(command.CallDays)}", cancellationToken);
            }
            var item = await transaction.QuerySingleOrDefaultAsync<RetentionItem>(RetentionItem.Find, null, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return item!;
        }

        private static string InWords(int? days) => days is { } some ? string.Create(CultureInfo.InvariantCulture, $"{some} days") : "for good";
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPut("/api/retention", Handle)
            .WithName(nameof(ChangeRetention)).WithTags("Privacy").WithSummary("Say how long calls are kept")
            .RequireAuthorization(Policies.Manage);
    }

    internal static async Task<Ok<RetentionItem>> Handle(Command command, IMediator mediator, CancellationToken cancellationToken) =>
        TypedResults.Ok(await mediator.Send(command, cancellationToken));
}
