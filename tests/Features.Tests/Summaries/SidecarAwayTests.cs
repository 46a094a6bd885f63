using System.Net;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests.Calls;

namespace KestrelVoice.Features.Tests.Summaries;

public sealed class SidecarAwayTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    [Fact]
    public async Task A_summary_that_cannot_be_started_is_503_and_is_not_said_to_be_running()
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 1, KestrelVoiceApp.Noon);
        await app.GivenACall(call.Started(), call.Says("The kitchen faucet is dripping."), call.Ended());
        using var client = app.ClientFor(tenant);
        var id = (await client.ReadAsync("/api/call-logs")).Data().Single().Id();

        await (await client.PostAsync($"/api/call-logs/{id}/summary", null, TestContext.Current.CancellationToken))
            .ShouldBeProblem(HttpStatusCode.ServiceUnavailable, "unavailable");

        await (await client.GetAsync($"/api/call-logs/{id}/summary", TestContext.Current.CancellationToken)).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
    }

    [Fact]
    public async Task A_call_that_was_completed_is_told_again_until_it_can_be_started()
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 2, KestrelVoiceApp.Noon);
        await app.GivenACall(call.Started(), call.Says("The kitchen faucet is dripping."), call.Ended());
        using var client = app.ClientFor(tenant);
        var id = (await client.ReadAsync("/api/call-logs")).Data().Single().Id();

        (await DeliverAsync(tenant.Id, TypeId.Parse(TypeId.Call, id))).ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task A_call_that_is_not_there_is_no_reason_to_be_told_again()
    {
        var tenant = await app.GivenATenant();

        (await DeliverAsync(tenant.Id, new Guid("0195f3a0-0000-7000-8000-000000000001"))).ShouldBe(HttpStatusCode.OK);
    }

    private async Task<HttpStatusCode> DeliverAsync(Guid tenantId, Guid callId)
    {
        using var response = await app.PostAsSidecar(
            "/events/completed-calls/summaries",
            $$$"""
            {"specversion":"1.0","id":"1","type":"kestrelvoice.call.completed.v1","source":"host","datacontenttype":"application/json",
             "topic":"{{{Topics.CompletedCalls}}}","pubsubname":"pubsub","data":{"tenant_id":"{{{tenantId}}}","call_id":"{{{callId}}}"}}
            """);
        return response.StatusCode;
    }
}
