using System.Net;
using System.Text.Json;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Tests.Calls;

public sealed class GetCallLogTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_call_is_shown_with_turns_timings_summary_and_decisions()
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 1, KestrelVoiceApp.Noon);
        await app.GivenACall(
            call.Started(), call.Hears("How can I help?"), call.Says("There is a burst pipe!"), call.Emergency(),
            call.Dials(DialTarget.OnCall, bridged: true, seconds: 90), call.Recording(RecordingKind.Call, seconds: 100), call.Ended(seconds: 120));
        var client = app.ClientFor(tenant);
        var item = (await client.ReadAsync("/api/call-logs")).Data().Single();

        var detail = await client.ReadAsync("/api/call-logs/" + item.Id());

        foreach (var member in item.EnumerateObject())
            detail.GetProperty(member.Name).GetRawText().ShouldBe(member.Value.GetRawText(), member.Name);
        detail.GetProperty("outcome").GetString().ShouldBe("escalated");
        detail.GetProperty("emergency").GetBoolean().ShouldBeTrue();
        detail.GetProperty("summary").GetString().ShouldBe("“There is a burst pipe!” The emergency was put through to whoever is on call.");
        detail.GetProperty("turns").EnumerateArray()
            .Select(turn => $"{turn.GetProperty("speaker").GetString()} {turn.GetProperty("offset_ms").GetInt64()} {turn.GetProperty("text").GetString()}")
            .ShouldBe(["receptionist 1000 How can I help?", "caller 2000 There is a burst pipe!"]);
        detail.GetProperty("timings").GetRawText().ShouldBe(
            """{"started_at":"2026-03-04T12:00:00Z","ended_at":"2026-03-04T12:00:06Z","first_caller_turn_at":"2026-03-04T12:00:02Z","connected_seconds":90,"voicemail_seconds":0}""");
        detail.GetProperty("decisions").EnumerateArray().Select(decision => decision.GetProperty("kind").GetString())
            .ShouldBe(["answered", "emergency", "dialed", "recording", "ended"]);
    }

    [Fact]
    public async Task A_call_in_progress_has_no_outcome_yet()
    {
        var tenant = await app.GivenATenant();
        await app.GivenACall(new PhoneCall(tenant, 2, KestrelVoiceApp.Noon).Started());
        var client = app.ClientFor(tenant);
        var id = (await client.ReadAsync("/api/call-logs")).Data().Single().Id();

        var detail = await client.ReadAsync("/api/call-logs/" + id);

        detail.GetProperty("status").GetString().ShouldBe("in-progress");
        foreach (var member in new[] { "outcome", "summary", "recording_url", "transcript" })
            detail.GetProperty(member).ValueKind.ShouldBe(JsonValueKind.Null, member);
        detail.GetProperty("timings").GetProperty("ended_at").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task The_bare_uuid_does_as_well()
    {
        var tenant = await app.GivenATenant();
        await app.GivenACall(new PhoneCall(tenant, 3, KestrelVoiceApp.Noon).Started());
        var client = app.ClientFor(tenant);
        var id = (await client.ReadAsync("/api/call-logs")).Data().Single().Id();

        var detail = await client.ReadAsync("/api/call-logs/" + TypeId.Parse(TypeId.Call, id));

        detail.Id().ShouldBe(id);
    }

    [Theory]
    [InlineData("call_")]
    [InlineData("call_01kjwbg7g0ftx8fmbannd9ya0")]
    [InlineData("call_81kjwbg7g0ftx8fmbannd9ya0y")]
    [InlineData("call_01kjwbg7g0ftx8fmbannd9ya0l")]
    [InlineData("key_01kjwbg7g0ftx8fmbannd9ya0y")]
    [InlineData("17")]
    [InlineData("{0195f3a0-0000-7000-8000-000000000001}")]
    [InlineData("..%2f")]
    public async Task Something_that_is_no_id_is_400(string id)
    {
        var tenant = await app.GivenATenant();

        await (await app.ClientFor(tenant).GetAsync("/api/call-logs/" + id, Token)).ShouldBeInvalid("id");
        await (await app.ClientFor(tenant).GetAsync($"/api/call-logs/{id}/recording", Token)).ShouldBeInvalid("id");
    }

    [Fact]
    public async Task A_parameter_that_it_does_not_take_is_400()
    {
        var tenant = await app.GivenATenant();

        await (await app.ClientFor(tenant).GetAsync("/api/call-logs/call_01kjwbg7g0ftx8fmbannd9ya0y?expand=all", Token)).ShouldBeInvalid("expand");
    }

    [Fact]
    public async Task An_unknown_id_and_another_tenants_id_look_the_same()
    {
        var (mine, theirs) = (await app.GivenATenant(), await app.GivenATenant());
        await app.GivenACall(new PhoneCall(theirs, 4, KestrelVoiceApp.Noon).Started(), new PhoneCall(theirs, 4, KestrelVoiceApp.Noon).Recording(RecordingKind.Call));
        var id = (await app.ClientFor(theirs).ReadAsync("/api/call-logs")).Data().Single().Id();
        var client = app.ClientFor(mine);

        (await client.ReadAsync("/api/call-logs")).Total().ShouldBe(0);
        foreach (var unreachable in new[] { id, TypeId.Format(TypeId.Call, Guid.CreateVersion7(KestrelVoiceApp.Noon)) })
        {
            var problem = await (await client.GetAsync("/api/call-logs/" + unreachable, Token)).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
            problem.GetProperty("message").GetString().ShouldBe("There is no such call log.");
            await (await client.GetAsync($"/api/call-logs/{unreachable}/recording", Token)).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        }
    }
}
