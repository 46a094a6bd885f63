using Dapper;
using KestrelVoice.CallSimulator.Recordings;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Calls;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests.Appointments;
using KestrelVoice.Features.Tests.Calls;
using KestrelVoice.Features.Texts;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Tests.Texts;

/// <summary>Whoever booked by phone is sent one text, whatever Twilio answers.</summary>
public sealed class ConfirmationTextTests : IClassFixture<KestrelVoiceApp>, IClassFixture<ConfirmationTextTests.StandIn>, IClassFixture<GetRecordingTests.Twilio>
{
    private const string Caller = "+15035550142";

    private readonly KestrelVoiceApp app;
    private readonly StandIn twilio;
    private readonly GetRecordingTests.Twilio faulty;

    public ConfirmationTextTests(KestrelVoiceApp app, StandIn twilio, GetRecordingTests.Twilio faulty)
    {
        (this.app, this.twilio, this.faulty) = (app, twilio, faulty);
        app.Settings["Twilio:ApiBaseUrl"] = twilio.Server.BaseUrl.ToString();
        app.Settings["Twilio:AccountSid"] = GetRecordingTests.Twilio.AccountSid;
        app.Settings["Twilio:AuthToken"] = GetRecordingTests.Twilio.AuthToken;
        faulty.Authorizations.Clear();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private sealed record Row(Guid Id, string Status, string? MessageSid, int? ErrorCode);

    [Fact]
    public async Task It_says_what_is_booked_and_when_in_the_tenants_time_and_comes_once()
    {
        var (tenant, _, text) = await GivenAWaitingTextAsync(Caller);

        (await SendAsync(tenant, text)).ShouldBeTrue();
        (await SendAsync(tenant, text)).ShouldBeTrue();

        var sent = twilio.Server.Texts.Where(message => message.From == tenant.Number).ShouldHaveSingleItem();
        sent.To.ShouldBe(Caller);
        sent.Body.ShouldMatch($@"\A{tenant.Name}: Drain cleaning is booked for [A-Z][a-z]+day, [A-Z][a-z]+ \d+ at \d+:00 [AP]M\. To change it, call \{tenant.Number}\. Reply STOP .*\z");
        (await RowAsync(tenant)).ShouldBe(new Row(text, "sent", sent.Sid, null));
    }

    [Fact]
    public async Task Booking_and_text_are_committed_together_and_the_text_is_announced()
    {
        var (tenant, _, text) = await GivenAWaitingTextAsync(Caller);

        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        (await connection.QuerySingleAsync<string>(
            "select data ->> 'text_id' from outbox where topic = @Topic and data ->> 'tenant_id' = @Id", new { Topic = Topics.Texts, Id = tenant.Id.ToString() }))
            .ShouldBe(text.ToString());
    }

    [Fact]
    public async Task Who_replied_STOP_is_left_alone()
    {
        twilio.Server.OptOut("+15035550177");
        var (tenant, _, text) = await GivenAWaitingTextAsync("+15035550177");

        (await SendAsync(tenant, text)).ShouldBeTrue();

        (await RowAsync(tenant)).ShouldBe(new Row(text, "refused", null, 21610));
    }

    [Fact]
    public async Task What_Twilio_did_not_take_is_sent_later()
    {
        var (tenant, _, text) = await GivenAWaitingTextAsync(Caller);
        faulty.Answer = Status(StatusCodes.Status429TooManyRequests);

        (await SendAsync(tenant, text, faulty.Url)).ShouldBeFalse();
        (await RowAsync(tenant)).Status.ShouldBe("waiting");
        (await SendAsync(tenant, text, "http://127.0.0.1:9")).ShouldBeFalse();
        (await RowAsync(tenant)).Status.ShouldBe("waiting");

        (await SendAsync(tenant, text)).ShouldBeTrue();
        twilio.Server.Texts.Count(message => message.From == tenant.Number).ShouldBe(1);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(0)]
    public async Task What_became_of_it_nobody_knows_is_not_sent_again(int status)
    {
        var (tenant, _, text) = await GivenAWaitingTextAsync(Caller);
        faulty.Answer = status == 0 ? Broken : Status(status);

        (await SendAsync(tenant, text, faulty.Url)).ShouldBeTrue();
        (await SendAsync(tenant, text, faulty.Url)).ShouldBeTrue();

        (await RowAsync(tenant)).ShouldBe(new Row(text, "unconfirmed", null, null));
        faulty.Authorizations.Count.ShouldBe(1);
    }

    [Fact]
    public async Task What_is_cancelled_meanwhile_is_not_confirmed()
    {
        var (tenant, appointment, text) = await GivenAWaitingTextAsync(Caller);
        using var client = app.ClientFor(tenant);
        using (await client.PostAsync($"/api/appointments/{TypeId.Format(TypeId.Appointment, appointment)}/cancel", null, Token))
            (await SendAsync(tenant, text)).ShouldBeTrue();

        (await RowAsync(tenant)).Status.ShouldBe("dropped");
    }

    [Fact]
    public async Task What_could_not_be_sent_for_hours_is_not_sent_any_more()
    {
        var (tenant, _, text) = await GivenAWaitingTextAsync(Caller);
        app.Clock.Advance(TimeSpan.FromHours(3));

        (await SendAsync(tenant, text)).ShouldBeTrue();

        (await RowAsync(tenant)).Status.ShouldBe("dropped");
    }

    [Fact]
    public void Long_names_leave_a_text_of_two_segments() =>
        ConfirmationBody.Of(new string('b', 500), new string('s', 100), new DateTime(2026, 12, 1, 16, 0, 0, DateTimeKind.Utc), "America/Los_Angeles", "+15035550100")
            .Length.ShouldBeLessThan(306);

    private async Task<(TestTenant Tenant, Guid AppointmentId, Guid TextId)> GivenAWaitingTextAsync(string caller)
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 1, app.Clock.GetUtcNow(), caller);
        var appointment = await app.GivenABookingBy(call.Header);
        var row = await RowAsync(tenant);
        row.Status.ShouldBe("waiting");
        return (tenant, appointment, row.Id);
    }

    private Task<bool> SendAsync(TestTenant tenant, Guid text, string? url = null)
    {
        var account = new TwilioMedia.Account(
            url is null ? twilio.Server.BaseUrl : new Uri(url), GetRecordingTests.Twilio.AccountSid, GetRecordingTests.Twilio.AuthToken);
        var messages = new TwilioMessages(app.Services.GetRequiredService<IHttpClientFactory>(), account);
        return ActivatorUtilities.CreateInstance<TextSender>(app.Services, messages).SendAsync(tenant.Id, text, Token);
    }

    private async Task<Row> RowAsync(TestTenant tenant)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        return await connection.QuerySingleAsync<Row>("select id, status, message_sid, error_code from texts where tenant_id = @Id", new { tenant.Id });
    }

    private static RequestDelegate Status(int status) => context =>
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    };

    private static Task Broken(HttpContext context)
    {
        context.Abort();
        return Task.CompletedTask;
    }

    /// <summary>Twilio, as the simulator plays it.</summary>
    public sealed class StandIn : IAsyncLifetime
    {
        private TwilioStandIn? server;

        internal TwilioStandIn Server => server ?? throw new InvalidOperationException("The server has not been started.");

        public async ValueTask InitializeAsync() => server = await TwilioStandIn.StartAsync(
            Path.GetTempPath(), GetRecordingTests.Twilio.AccountSid, GetRecordingTests.Twilio.AuthToken, cancellationToken: Token);

        public async ValueTask DisposeAsync() => await (server?.DisposeAsync() ?? ValueTask.CompletedTask);
    }
}
