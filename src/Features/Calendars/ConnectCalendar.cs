using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Serialization;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Appointments;
using KestrelVoice.Features.Calendars.CalDav;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.CustomerUrls;
using KestrelVoice.Features.Kernel.Idempotency;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Calendars;

internal static class ConnectCalendar
{
    private const int LongestCredential = 500;

    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record Command(
        [property: Description("Whose calendar it is: res_… or the bare UUID.")] string ResourceId,
        [property: Description("The CalDAV server, or the calendar itself, as other programs ask for it.")] string Url,
        [property: Description("Up to 500 characters.")] string Username,
        [property: Description("Up to 500 characters; best one that was made for this alone. It is stored encrypted, and never shown.")] string Password,
        [property: Description("Which one, when there are several: a url of the answer that says so.")] string? CalendarUrl = null,
        [property: Description("Whether appointments are written there; when absent, as long as it can be written to and no other calendar of the resource receives them.")]
        bool? ReceivesAppointments = null,
        [property: Description("Seconds from one reading to the next, 60 to 86,400; 300 when absent.")] int? PollInterval = null)
        : IRequest<Outcome>
    {
        // A record would print its password.
        public override string ToString() => nameof(ConnectCalendar);
    }

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Connected(CalendarItem Calendar) : Outcome;
        internal sealed record NoResource : Outcome;
        internal sealed record Invalid(string Parameter, string Reason) : Outcome;
        internal sealed record Several(IReadOnlyList<Choice> Calendars) : Outcome;
        internal sealed record Refused(string Reason) : Outcome;
    }

    internal sealed record Choice(string Url, string Name, bool Writable);

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.ResourceId).NamesAResource();
            RuleFor(command => command.Username).Must(IsCredential).WithMessage($"username has 1 to {LongestCredential} characters, and no colon.")
                .Must(name => name?.Contains(':', StringComparison.Ordinal) != true).WithMessage($"username has 1 to {LongestCredential} characters, and no colon.");
            RuleFor(command => command.Password).Must(IsCredential).WithMessage($"password has 1 to {LongestCredential} characters.");
            RuleFor(command => command.CalendarUrl)
                .Must(url => url is null || (url.Length <= CustomerUrlRules.LongestUrl && Uri.TryCreate(url, UriKind.Absolute, out _)))
                .WithMessage("calendar_url is one of the urls that the server's calendars have.");
            RuleFor(command => command.PollInterval).Must(CalendarRules.IsPollInterval).WithMessage(CalendarRules.PollInterval);
        }

        private static bool IsCredential(string? text) => text is { Length: > 0 and <= LongestCredential } && !text.Any(char.IsControl);
    }

    internal sealed class Handler(
        TenantDatabase database, Principal principal, CustomerUrlRules urls, CalDavClient calDav, NewCalendars calendars)
        : IRequestHandler<Command, Outcome>
    {
        private const string FindTimeZone =
            """
            select t.time_zone
            from resources r
            join tenants t on t.id = r.tenant_id
            where r.tenant_id = @TenantId and r.id = @ResourceId and r.archived_at is null
            """;

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            var resourceId = TypeId.Parse(TypeId.Resource, command.ResourceId);
            if (await database.ReadAsync(
                principal.TenantId, FindTimeZone, new { ResourceId = resourceId }, results => results.ReadSingleOrDefaultAsync<string?>(), cancellationToken)
                is not { } timeZone)
                return new Outcome.NoResource();
            if (await urls.CheckAsync(command.Url, cancellationToken) is { } reason)
                return new Outcome.Invalid("url", reason);

            var (calendar, refusal) = await ChooseAsync(command, cancellationToken);
            if (calendar is null)
                return refusal!;
            if (command.ReceivesAppointments is true && !calendar.IsWritable)
                return new Outcome.Invalid("receives_appointments", "The calendar cannot be written to with this user name and password.");

            var taken = await calendars.TakeInAsync(
                principal,
                new NewCalendar(
                    CalendarConnections.CalDav, resourceId, calendar.Url.AbsoluteUri, calendar.Name, command.Username, command.Password,
                    calendar.IsWritable, command.ReceivesAppointments, command.PollInterval),
                timeZone, cancellationToken);
            return taken switch
            {
                NewCalendars.Outcome.TakenIn(var row) => new Outcome.Connected(row.Shown()),
                NewCalendars.Outcome.Refused(var why) => new Outcome.Refused(why),
                _ => throw new UnreachableException(),
            };
        }

        private async Task<(CalDavCalendar? Calendar, Outcome? Refusal)> ChooseAsync(Command command, CancellationToken cancellationToken)
        {
            IReadOnlyList<CalDavCalendar> found;
            try
            {
                found = await calDav.DiscoverAsync(new CalDavAccount(new Uri(command.Url), command.Username, command.Password), cancellationToken);
            }
            catch (CalendarException failure)
            {
                return (null, new Outcome.Invalid(failure.Failure is CalendarFailure.Unauthorized ? "password" : "url", failure.Message));
            }
            var wanted = new Uri(command.CalendarUrl ?? command.Url);
            if (found.FirstOrDefault(calendar => IsSame(calendar.Url, wanted)) is { } named)
                return (named, null);
            if (command.CalendarUrl is not null)
                return (null, new Outcome.Invalid("calendar_url", "The server has no such calendar."));
            return found switch
            {
                [] => (null, new Outcome.Invalid("url", "There is no calendar for events there.")),
                [var only] => (only, null),
                _ => (null, new Outcome.Several([.. found.Select(calendar => new Choice(calendar.Url.AbsoluteUri, calendar.Name, calendar.IsWritable))])),
            };
        }

        private static bool IsSame(Uri left, Uri right) =>
            left.Authority == right.Authority && Uri.UnescapeDataString(left.AbsolutePath).TrimEnd('/') == Uri.UnescapeDataString(right.AbsolutePath).TrimEnd('/');
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/api/calendars", Handle)
            .WithName(nameof(ConnectCalendar)).WithTags("Calendars").WithSummary("Connect a resource's calendar by CalDAV, and read it")
            .ProducesProblem(StatusCodes.Status404NotFound)
            .TakesIdempotencyKey()
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<Created<CalendarItem>, ProblemHttpResult>> Handle(
        Command command, Principal principal, IMediator mediator, CancellationToken cancellationToken) =>
        principal.Mode is Mode.Test ? Problems.Sandboxed("A sandbox has its own calendar and connects no other.") : await mediator.Send(command, cancellationToken) switch
        {
            Outcome.Connected(var calendar) => TypedResults.Created($"/api/calendars/{calendar.Id}", calendar),
            Outcome.NoResource => Problems.NotFound("There is no such resource."),
            Outcome.Invalid(var parameter, var reason) => Problems.Invalid(parameter, reason),
            Outcome.Several(var calendars) => Problems.Of(
                StatusCodes.Status409Conflict, Problems.ConflictError, "There are several calendars; name one as calendar_url.",
                new Dictionary<string, object?> { ["calendars"] = calendars }),
            Outcome.Refused(var reason) => Problems.Conflict(reason),
            _ => throw new UnreachableException(),
        };
}
