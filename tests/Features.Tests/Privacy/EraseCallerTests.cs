using System.Net;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests.Appointments;
using KestrelVoice.Features.Tests.Calls;
using KestrelVoice.Features.Tests.Identity;
using KestrelVoice.Features.Tests.Webhooks;
using KestrelVoice.Features.Tests.Webhooks.Delivery;

namespace KestrelVoice.Features.Tests.Privacy;

public sealed class EraseCallerTests(Office office) : IClassFixture<Office>
{
    private const string Words = "rusty trombone valve";
    private const string Booker = "+15035550142";

    private readonly AppWithSidecar app = office.App;

    [Fact]
    public async Task All_calls_of_the_number_go_and_all_others_stay()
    {
        const string Caller = "+15035558001";
        var (tenant, other, number) = (await app.GivenATenant(), await app.GivenATenant(), office.NextCall());
        using var client = app.ClientFor(tenant);
        using var neighbour = app.ClientFor(other);
        office.GivenARecording(number);
        var recorded = new PhoneCall(tenant, number, app.Clock.GetUtcNow(), Caller);
        await app.GivenACall(recorded.Says(Words), recorded.Voicemail(number: number), recorded.Ended());
        // More than are erased at once.
        await app.GivenACall(Calls(tenant, Caller, 30));
        await app.GivenACall(Calls(tenant, "+15035558002", 2));
        await app.GivenACall(Calls(other, Caller, 1));

        using var accepted = await client.EraseCaller(Caller);

        var erasure = await accepted.ShouldAnswerWith(HttpStatusCode.Accepted);
        (erasure.Text("kind"), erasure.Text("status")).ShouldBe(("caller", "running"));
        await office.UntilDone(client, erasure.Id());
        (await client.ReadAsync($"/api/erasures/{erasure.Id()}")).GetProperty("calls").GetInt32().ShouldBe(31);
        office.HasRecording(number).ShouldBeFalse();
        (await client.ReadAsync("/api/call-logs")).Data().ShouldAllBe(call => call.Text("phone_number") == "+15035558002");
        (await client.ReadAsync("/api/call-logs")).Total().ShouldBe(2);
        (await neighbour.ReadAsync("/api/call-logs")).Total().ShouldBe(1);

        using var erasedThere = await neighbour.EraseCaller(Caller);
        await office.UntilDone(neighbour, (await erasedThere.ShouldAnswerWith(HttpStatusCode.Accepted)).Id());
        (await app.PlacesThatHold(Caller)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Appointments_still_to_come_are_a_conflict_until_they_may_be_cancelled()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await client.GivenAnEndpoint();
        var trade = await app.GivenATrade(tenant);
        var day = app.Clock.GetUtcNow().AddDays(2).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
        var (past, upcoming) = (await BookedAsync(client, trade, $"{day}T18:00:00Z"), await BookedAsync(client, trade, $"{day}T22:00:00Z"));
        await app.Execute(
            """
            update appointments
            set starts_at = starts_at - interval '9 days', ends_at = ends_at - interval '9 days',
                blocked_start = blocked_start - interval '9 days', blocked_end = blocked_end - interval '9 days'
            where id = @Id
            """,
            new { Id = TypeId.Parse(TypeId.Appointment, past) });
        await app.Execute(
            """
            insert into texts (tenant_id, id, appointment_id, from_number, to_number, status, created_at, updated_at)
            select tenant_id, gen_random_uuid(), id, '+15035550100', customer_phone, 'sent', now(), now() from appointments where id = @Id
            """,
            new { Id = TypeId.Parse(TypeId.Appointment, past) });

        using var refused = await client.EraseCaller(Booker);
        (await refused.ShouldBeProblem(HttpStatusCode.Conflict, "conflict")).Texts("appointments").ShouldBe([upcoming]);
        (await client.ReadAsync($"/api/appointments/{past}")).GetProperty("customer").Text("phone_number").ShouldBe(Booker);
        using var accepted = await client.EraseCaller(Booker, cancelAppointments: true);

        var erasure = await accepted.ShouldAnswerWith(HttpStatusCode.Accepted);
        (erasure.Text("status"), erasure.GetProperty("appointments").GetInt32()).ShouldBe(("done", 2));
        (await client.ReadAsync($"/api/appointments/{past}")).Text("status").ShouldBe("scheduled");
        (await client.ReadAsync($"/api/appointments/{upcoming}")).Text("status").ShouldBe("cancelled");
        foreach (var id in new[] { past, upcoming })
        {
            var customer = (await client.ReadAsync($"/api/appointments/{id}")).GetProperty("customer");
            (customer.IsNull("name"), customer.Text("phone_number"), customer.IsNull("address")).ShouldBe((true, "erased", true));
        }
        (await client.ReadAsync("/api/events?event=appointment.booked")).Data().ShouldAllBe(told => told.GetProperty("erased").GetBoolean());
        (await app.Scalar<int>("select count(*)::integer from appointments where tenant_id = @Id and customer_phone = 'erased'", new { tenant.Id })).ShouldBe(2);
        (await app.Scalar<int>("select count(*)::integer from texts where tenant_id = @Id", new { tenant.Id })).ShouldBe(0);
    }

    [Fact]
    public async Task A_caller_on_the_line_is_a_conflict()
    {
        const string Caller = "+15035558003";
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await app.GivenACall(new PhoneCall(tenant, office.NextCall(), app.Clock.GetUtcNow(), Caller).Started());

        using var refused = await client.EraseCaller(Caller);

        await refused.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
    }

    [Fact]
    public async Task A_number_of_which_nothing_is_held_is_erased_at_once_as_often_as_anybody_likes()
    {
        using var client = app.ClientFor(await app.GivenATenant());

        foreach (var _ in new[] { 1, 2 })
        {
            using var accepted = await client.EraseCaller("+15035558004");
            (await accepted.ShouldAnswerWith(HttpStatusCode.Accepted)).Text("status").ShouldBe("done");
        }
    }

    [Theory]
    [InlineData("5035558005")]
    [InlineData("+1 503 555 8005")]
    [InlineData("anonymous")]
    [InlineData("")]
    public async Task What_is_no_number_is_refused(string number)
    {
        using var client = app.ClientFor(await app.GivenATenant());

        using var refused = await client.EraseCaller(number);

        await refused.ShouldBeInvalid("phone_number");
    }

    [Fact]
    public async Task The_audit_log_says_who_erased_and_exported_and_not_whom()
    {
        const string Caller = "+15035558061";
        var tenant = await app.GivenATenant();
        var boss = await app.GivenAMember((tenant, "owner"));
        using var owner = await app.SignedIn(boss);
        var call = new PhoneCall(tenant, office.NextCall(), app.Clock.GetUtcNow(), Caller);
        await app.GivenACall(call.Says(Words), call.Ended());
        var id = await owner.OnlyCallOf(Caller);
        await owner.PostAsync("/api/callers/export", $$"""{"phone_number":"{{Caller}}"}""");
        var erased = await owner.EraseCall(id);
        using var accepted = await owner.EraseCaller(Caller);
        var caller = await accepted.ShouldAnswerWith(HttpStatusCode.Accepted);

        var log = (await owner.ReadAsync("/api/audit-log")).Data();

        log.Select(item => (item.Text("action"), item.Text("target"), item.Text("detail"))).ShouldBe(
            [
                ("caller.exported", TypeId.Format(TypeId.Tenant, tenant.Id), "number ending in 61"),
                ("call.erased", id, erased.Id()),
                ("caller.erased", caller.Id(), "number ending in 61"),
            ],
            ignoreOrder: true);
        log.ShouldAllBe(item => item.GetProperty("actor").Text("email") == boss.Email);
        await office.UntilDone(owner, caller.Id());
        (await app.PlacesThatHold(Caller)).ShouldBeEmpty();
    }

    private IEnumerable<CallEvent> Calls(TestTenant tenant, string caller, int count) => Enumerable.Range(0, count).SelectMany(_ =>
    {
        var call = new PhoneCall(tenant, office.NextCall(), app.Clock.GetUtcNow(), caller);
        return new CallEvent[] { call.Says(Words), call.Ended() };
    });

    private static async Task<string> BookedAsync(HttpClient client, Trade trade, string startsAt)
    {
        using var booked = await client.Book(trade, startsAt);
        return (await booked.ShouldAnswerWith(HttpStatusCode.Created)).Id();
    }
}
