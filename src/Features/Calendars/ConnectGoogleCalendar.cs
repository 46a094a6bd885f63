using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.Json.Serialization;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Appointments;
using KestrelVoice.Features.Calendars.Google;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.Secrets;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Calendars;

/// <summary>The first half: where to send the calendar's owner. <see cref="FinishGoogleCalendar"/> is what happens when they are back.</summary>
internal static class ConnectGoogleCalendar
{
    private const int LongestCalendarId = 1024;

    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record Command(
        [property: Description("Whose calendar it is: res_… or the bare UUID.")] string ResourceId,
        [property: Description("Which of the account's calendars, by Google's id of it; when absent, the account's own.")] string? CalendarId = null,
        [property: Description("Whether appointments are written there; when absent, as long as it can be written to and no other calendar of the resource receives them.")]
        bool? ReceivesAppointments = null,
        [property: Description("Seconds from one reading to the next, 60 to 86,400; 300 when absent.")] int? PollInterval = null)
        : IRequest<Outcome>;

    internal sealed record Response(
        [property: Description("Google's page where whoever owns the calendar consents. For one browser, once.")] string AuthorizeUrl,
        [property: Description("Until when they must be back from there.")] DateTime ExpiresAt)
    {
        // A record would print what nobody else may know.
        public override string ToString() => nameof(ConnectGoogleCalendar);
    }

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Ready(Response Response) : Outcome;
        internal sealed record NoResource : Outcome;
        internal sealed record NotSetUp : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.ResourceId).NamesAResource();
            RuleFor(command => command.CalendarId)
                .Must(id => id is null || (id.Length is > 0 and <= LongestCalendarId && !id.Any(char.IsControl) && !id.Any(char.IsSurrogate)))
                .WithMessage($"calendar_id has 1 to {LongestCalendarId} characters.");
            RuleFor(command => command.PollInterval).Must(CalendarRules.IsPollInterval).WithMessage(CalendarRules.PollInterval);
        }
    }

    internal sealed class Handler(
        TenantDatabase database, Principal principal, GoogleOAuth google, IOptions<GoogleSettings> settings, Envelope envelope, TimeProvider clock)
        : IRequestHandler<Command, Outcome>
    {
        // To sign in, to choose an account, to read what is asked for.
        private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

        private const string FindResource = "select 1 from resources where tenant_id = @TenantId and id = @ResourceId and archived_at is null";

        private const string Insert =
            """
            delete from google_authorizations where tenant_id = @TenantId and expires_at <= @Now;
            insert into google_authorizations (tenant_id, state_hash, resource_id, calendar_id, receives_appointments, poll_seconds, code_verifier,
                started_by_kind, started_by, started_by_email, expires_at)
            values (@TenantId, @StateHash, @ResourceId, @CalendarId, @ReceivesAppointments, @PollInterval, @CodeVerifier, @Kind, @By, @Email, @ExpiresAt)
            """;

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            if (!settings.Value.IsSetUp)
                return new Outcome.NotSetUp();
            var resourceId = TypeId.Parse(TypeId.Resource, command.ResourceId);
            if (await database.ReadAsync(
                principal.TenantId, FindResource, new { ResourceId = resourceId }, results => results.ReadSingleOrDefaultAsync<int?>(), cancellationToken) is null)
                return new Outcome.NoResource();

            var (state, codeVerifier, now) = (GoogleOAuth.Unguessable(), GoogleOAuth.Unguessable(), clock.GetUtcNow());
            var expiresAt = (now + Lifetime).UtcDateTime;
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            await transaction.ExecuteAsync(Insert, new
            {
                StateHash = GoogleAuthorization.HashOf(state),
                ResourceId = resourceId,
                command.CalendarId,
                command.ReceivesAppointments,
                command.PollInterval,
                CodeVerifier = envelope.Seal(Encoding.ASCII.GetBytes(codeVerifier), GoogleAuthorization.Context(principal.TenantId, state)),
                Kind = principal.Kind is PrincipalKind.Member ? "member" : "api_key",
                By = principal.Id,
                principal.Email,
                Now = now.UtcDateTime,
                ExpiresAt = expiresAt,
            }, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return new Outcome.Ready(new Response(google.AuthorizeUrl(state, codeVerifier), expiresAt));
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/api/calendars/google", Handle)
            .WithName(nameof(ConnectGoogleCalendar)).WithTags("Calendars").WithSummary("Begin to connect a resource's Google calendar, whose owner then consents at Google")
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<Ok<Response>, ProblemHttpResult>> Handle(
        Command command, IMediator mediator, Principal principal, CancellationToken cancellationToken) =>
        principal.Mode is Mode.Test ? Problems.Sandboxed("A sandbox has its own calendar and connects no other.") : await mediator.Send(command, cancellationToken) switch
        {
            Outcome.Ready(var response) => TypedResults.Ok(response),
            Outcome.NoResource => Problems.NotFound("There is no such resource."),
            Outcome.NotSetUp => Problems.Conflict("Google calendars cannot be connected here: the operator has not set Google:ClientId and Google:ClientSecret."),
            _ => throw new UnreachableException(),
        };
}
