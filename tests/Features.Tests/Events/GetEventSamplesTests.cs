using System.Text.Json;
using KestrelVoice.Features.Events;
using KestrelVoice.Features.Tests.Calls;

namespace KestrelVoice.Features.Tests.Events;

public sealed class GetEventSamplesTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Types => [.. TenantEventTypes.All];

    [Theory]
    [MemberData(nameof(Types))]
    public async Task Before_there_is_a_real_one_a_sample_is_made_up_with_a_value_in_every_member(string type)
    {
        using var client = app.ClientFor(await app.GivenATenant(), "read");

        var sample = (await client.ReadAsync($"/api/events/{type}/samples")).EnumerateArray().ShouldHaveSingleItem();

        sample.EnumerateObject().Select(member => member.Name).ShouldBe(["event", "timestamp", "id", "data"]);
        sample.GetProperty("event").GetString().ShouldBe(type);
        sample.GetProperty("id").GetString().ShouldStartWith("evt_");
        sample.GetProperty("data").EnumerateObject().ShouldAllBe(member => member.Value.ValueKind != JsonValueKind.Null);
    }

    [Theory]
    [InlineData(true, "call.completed")]
    [InlineData(false, "call.missed")]
    public async Task What_is_made_up_has_the_members_of_what_is_real(bool speaks, string type)
    {
        var (tenant, newcomer) = (await app.GivenATenant(), await app.GivenATenant());
        var call = new PhoneCall(tenant, speaks ? 7101 : 7102, KestrelVoiceApp.Noon);
        await app.GivenACall(speaks ? [call.Started(), call.Says("It drips"), call.Ended()] : [call.Started(), call.Ended("no-answer")]);
        using var client = app.ClientFor(tenant);
        using var newClient = app.ClientFor(newcomer);

        var real = (await client.ReadAsync($"/api/events/{type}/samples")).EnumerateArray().ShouldHaveSingleItem();
        var madeUp = (await newClient.ReadAsync($"/api/events/{type}/samples")).EnumerateArray().ShouldHaveSingleItem();

        real.GetProperty("data").EnumerateObject().Select(member => member.Name)
            .ShouldBe(madeUp.GetProperty("data").EnumerateObject().Select(member => member.Name));
        real.GetProperty("id").GetString().ShouldNotBe(madeUp.GetProperty("id").GetString());
    }

    [Fact]
    public async Task The_newest_of_the_type_come_first()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        for (var i = 1; i <= 5; i++)
            await app.GivenAnEvent(tenant, i == 3 ? "call.missed" : "call.completed", $$"""{"call_id":"call_{{i}}"}""");

        async Task<IEnumerable<string?>> Calls(string query) => (await client.ReadAsync("/api/events/call.completed/samples" + query))
            .EnumerateArray().Select(payload => payload.GetProperty("data").GetProperty("call_id").GetString());
        (await Calls("")).ShouldBe(["call_5", "call_4", "call_2"]);
        (await Calls("?limit=1")).ShouldBe(["call_5"]);
    }

    [Theory]
    [InlineData("call.ended/samples", "event")]
    [InlineData("call.missed/samples?limit=0", "limit")]
    [InlineData("call.missed/samples?limit=11", "limit")]
    [InlineData("call.missed/samples?offset=1", "offset")]
    public async Task A_bad_question_is_400(string rest, string parameter)
    {
        using var client = app.ClientFor(await app.GivenATenant());

        await (await client.GetAsync("/api/events/" + rest, Stop)).ShouldBeInvalid(parameter);
    }
}
