using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Carter;
using Dapper;
using FluentValidation;
using KestrelVoice.Features.Calendars.Google;
using KestrelVoice.Features.Identity.SignInPage;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.Secrets;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace KestrelVoice.Features.Calendars;

/// <summary>The second half: Google has sent the browser back. Whoever sits in front of it need not be one of ours, so it is answered with a page.</summary>
internal static class FinishGoogleCalendar
{
    private const int Longest = 2048;

    public sealed record Query(
        [property: FromQuery(Name = "state")] string? State,
        [property: FromQuery(Name = "code")] string? Code,
        [property: FromQuery(Name = "error")] string? Error) : IRequest<Outcome>
    {
        // A record would print what nobody else may know.
        public override string ToString() => nameof(FinishGoogleCalendar);
    }

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Connected(string Calendar) : Outcome;
        internal sealed record Unknown : Outcome;
        internal sealed record Declined : Outcome;
        internal sealed record Refused(string Reason) : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator()
        {
            RuleFor(query => query.State).MaximumLength(Longest);
            RuleFor(query => query.Code).MaximumLength(Longest);
            RuleFor(query => query.Error).MaximumLength(Longest);
        }
    }

    internal sealed class Handler(
        NpgsqlDataSource source, TenantDatabase database, GoogleOAuth oauth, GoogleClient google, GoogleAccessTokens tokens, NewCalendars calendars,
        Envelope envelope, TimeProvider clock)
        : IRequestHandler<Query, Outcome>
    {
        // The state says whose it is, and from then on only that tenant's rows are seen.
        private const string FindTenant = "select tenant_of_google_authorization(@StateHash)";

        // Gone with the first who asks. Whoever began it may have lost the right to meanwhile.
        private const string Take =
            """
            delete from google_authorizations
            where tenant_id = @TenantId and state_hash = @StateHash
            returning resource_id, calendar_id, receives_appointments, poll_seconds, code_verifier, started_by_kind, started_by, started_by_email,
                expires_at > @Now and case started_by_kind
                    when 'member' then exists (
                        select from members where tenant_id = @TenantId and user_id = started_by and role in ('owner', 'admin'))
                    else exists (
                        select from api_keys
                        where tenant_id = @TenantId and id = started_by and revoked_at is null and (expires_at is null or expires_at > @Now))
                end as counts
            """;

        private sealed record Begun(
            Guid ResourceId, string? CalendarId, bool? ReceivesAppointments, int? PollSeconds, string CodeVerifier, string StartedByKind, Guid StartedBy,
            string? StartedByEmail, bool Counts);

        public async Task<Outcome> Handle(Query query, CancellationToken cancellationToken)
        {
            if (query.State is not { Length: > 0 } state || await FindTenantAsync(state, cancellationToken) is not { } tenantId)
                return new Outcome.Unknown();
            if (await TakeAsync(tenantId, state, cancellationToken) is not { Counts: true } begun)
                return new Outcome.Unknown();
            if (query.Error is not null || string.IsNullOrEmpty(query.Code))
                return new Outcome.Declined();
            try
            {
                var codeVerifier = Encoding.ASCII.GetString(envelope.Open(begun.CodeVerifier, GoogleAuthorization.Context(tenantId, state)));
                return await ConnectAsync(tenantId, begun, await oauth.ExchangeAsync(query.Code, codeVerifier, cancellationToken), cancellationToken);
            }
            catch (CalendarException failure)
            {
                return new Outcome.Refused(failure.Failure is CalendarFailure.Unauthorized ? "Google did not confirm your consent." : failure.Message);
            }
            catch (CryptographicException)
            {
                return new Outcome.Unknown();
            }
        }

        private async Task<Outcome> ConnectAsync(Guid tenantId, Begun begun, GoogleOAuth.Tokens granted, CancellationToken cancellationToken)
        {
            if (!granted.HasEveryScope)
                return new Outcome.Refused("A permission was left out; all three are needed.");
            if (granted.RefreshToken is not { Length: > 0 } refreshToken)
                return new Outcome.Refused("Google gave no lasting access.");

            // Not stored yet, and asked with what it was given for an hour.
            var account = new GoogleAccount(Guid.CreateVersion7(clock.GetUtcNow()), refreshToken);
            tokens.Keep(account.ConnectionId, granted);
            try
            {
                var own = await google.FindCalendarAsync(account, GoogleClient.Primary, cancellationToken);
                var calendar = begun.CalendarId is { } id ? await google.FindCalendarAsync(account, id, cancellationToken) : own;
                if (begun.ReceivesAppointments is true && !calendar.IsWritable)
                    return new Outcome.Refused("This account may not write to the calendar, and appointments were to be written there.");
                // Whoever asked for it did it, whoever consented.
                var by = new Principal(
                    tenantId, begun.StartedByKind is "member" ? PrincipalKind.Member : PrincipalKind.ApiKey, begun.StartedBy, begun.StartedByEmail,
                    Role: null, Scopes: [], Plan.Personal);
                var taken = await calendars.TakeInOrRenewAsync(
                    by,
                    new NewCalendar(
                        CalendarConnections.Google, begun.ResourceId, GoogleCalendarUrl.Of(calendar.Id), calendar.Name, own.Id, refreshToken,
                        calendar.IsWritable, begun.ReceivesAppointments, begun.PollSeconds),
                    cancellationToken);
                return taken is NewCalendars.Outcome.Refused(var reason) ? new Outcome.Refused(reason) : new Outcome.Connected(calendar.Name);
            }
            finally
            {
                tokens.Forget(account.ConnectionId);
            }
        }

        private async Task<Guid?> FindTenantAsync(string state, CancellationToken cancellationToken)
        {
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
            return await connection.QuerySingleOrDefaultAsync<Guid?>(new CommandDefinition(
                FindTenant, new { StateHash = GoogleAuthorization.HashOf(state) }, cancellationToken: cancellationToken));
        }

        private async Task<Begun?> TakeAsync(Guid tenantId, string state, CancellationToken cancellationToken)
        {
            await using var transaction = await database.BeginAsync(tenantId, cancellationToken);
            var begun = await transaction.QuerySingleOrDefaultAsync<Begun>(
                Take, new { StateHash = GoogleAuthorization.HashOf(state), Now = clock.GetUtcNow().UtcDateTime }, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return begun;
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        // Not under /api: it is a page, open to whoever comes back from Google.
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet(GoogleOAuth.CallbackPath, Handle).AllowAnonymous().ExcludeFromDescription();
    }

    internal static async Task<IResult> Handle([AsParameters] Query query, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(query, cancellationToken) switch
        {
            Outcome.Connected(var calendar) => Shown(
                StatusCodes.Status200OK, "Calendar connected",
                $"“{calendar}” is connected. What is in it takes its owner's time from now on. You can close this page."),
            Outcome.Declined => Shown(
                StatusCodes.Status200OK, "Nothing was connected", "Google says that you did not consent. Whoever sent you here can send you again."),
            Outcome.Unknown => Shown(
                StatusCodes.Status400BadRequest, "This link does not work",
                "It was used before, or it is more than ten minutes old. Whoever sent you here can send you again."),
            Outcome.Refused(var reason) => Shown(
                StatusCodes.Status409Conflict, "The calendar was not connected", reason + " Whoever sent you here can send you again."),
            _ => throw new UnreachableException(),
        };

    private static IResult Shown(int status, string title, string text) =>
        Page.Of(status, title, $"<h1>{Page.Text(title)}</h1>\n<p>{Page.Text(text)}</p>");
}
