using System.ComponentModel;
using System.Text.Json.Serialization;
using Carter;
using Dapper;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Calls;

internal static class GetCallLog
{
    public sealed record Query(string Id) : IRequest<Response?>;

    public sealed record Response(
        string Id, string PhoneNumber, CallStatus Status, int Duration, string? RecordingUrl, string? Transcript, DateTime CreatedAt,
        string Direction, CallOutcome? Outcome, bool Emergency,
        [property: Description("One or two sentences; null while the call is in progress.")] string? Summary,
        IReadOnlyList<CallTurn> Turns,
        CallTimings Timings,
        [property: Description("What was decided and what came of it, in order.")] IReadOnlyList<CallDecision> Decisions,
        [property: JsonIgnore] string Version)
        : CallLogItem(Id, PhoneNumber, Status, Duration, RecordingUrl, Transcript, CreatedAt, Direction, Outcome, Emergency), IVersioned;

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator() => RuleFor(query => query.Id).Must(id => TypeId.TryParse(TypeId.Call, id, out _))
            .WithMessage("id is call_ and 26 characters, or a UUID.");
    }

    internal sealed class Handler(TenantDatabase database, Principal principal, PublicUrl publicUrl) : IRequestHandler<Query, Response?>
    {
        internal static readonly string Find =
            $"""
            select {CallVersion.Of("@TenantId")};
            select id, phone_number, status, duration, recording_sid, transcript, created_at, direction, outcome, emergency, summary
            from call_logs
            where tenant_id = @TenantId and id = @Id;
            select type, body::text
            from call_events
            where tenant_id = @TenantId and call_sid = (select call_sid from call_logs where tenant_id = @TenantId and id = @Id)
            """;

        private sealed record Row(
            Guid Id, string PhoneNumber, string Status, int Duration, string? RecordingSid, string? Transcript, DateTime CreatedAt,
            string Direction, string? Outcome, bool Emergency, string? Summary);

        public Task<Response?> Handle(Query query, CancellationToken cancellationToken)
        {
            var id = TypeId.Parse(TypeId.Call, query.Id);
            return database.ReadAsync(principal.TenantId, Find, new { Id = id }, ReadAsync, cancellationToken);
        }

        private async Task<Response?> ReadAsync(SqlMapper.GridReader results)
        {
            var version = await results.ReadSingleAsync<string>();
            var row = await results.ReadSingleOrDefaultAsync<Row>();
            if (row is null)
                return null;
            var events = (await results.ReadAsync<StoredCallEvent>()).AsList();
            // Erased between the two statements.
            if (events is [])
                return null;
            var facts = CallFacts.From(events.Select(stored => stored.Read()));
            var id = TypeId.Format(TypeId.Call, row.Id);
            return new Response(
                id, row.PhoneNumber, CallStatusText.Read(row.Status), row.Duration,
                row.RecordingSid is null ? null : CallLogItem.LinkToRecording(publicUrl, id),
                row.Transcript, row.CreatedAt, row.Direction,
                row.Outcome is null ? null : CallOutcomeText.Read(row.Outcome), row.Emergency, row.Summary,
                CallTurn.Of(facts), CallTimings.Of(facts), CallDecision.Of(facts), version);
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/call-logs/{id}", Handle)
            .WithName(nameof(GetCallLog)).WithTags("Call logs").WithSummary("Read one call log with its turns")
            .WithEntityTag(CallVersion.Command)
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<Results<Ok<Response>, ProblemHttpResult>> Handle(
        [Description("call_… or the bare UUID.")] string id, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Query(id), cancellationToken) is { } found ? TypedResults.Ok(found) : Problems.NotFound("There is no such call log.");
}
