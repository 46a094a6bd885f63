using System.Net;
using KestrelVoice.Voice.Tests.Twilio;
using KestrelVoice.Voice.Twilio;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Voice.Tests.Webhooks;

public sealed class SignatureTests : IAsyncDisposable
{
    private readonly VoiceApp _app = new();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task No_route_answers_what_Twilio_did_not_sign()
    {
        var routes = _app.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Select(endpoint => "/" + endpoint.RoutePattern.RawText!.TrimStart('/')).Where(route => route.StartsWith("/voice", StringComparison.Ordinal)).ToArray();

        routes.Length.ShouldBe(7);
        foreach (var route in routes)
        {
            using var unsigned = new FormUrlEncodedContent(new SimulatedTwilio(_app.Client, _app.Url).Base);
            using var refused = await _app.Client.PostAsync(_app.Url + route, unsigned, TestContext.Current.CancellationToken);
            refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden, route);

            using var wrong = await new SimulatedTwilio(_app.Client, _app.Url, "another token").PostAsync(_app.Url + route);
            wrong.StatusCode.ShouldBe(HttpStatusCode.Forbidden, route);
            (await wrong.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("\"error\":\"forbidden\"");
        }
        _app.Spooled().ShouldBeEmpty();
    }

    [Fact]
    public async Task Another_account_is_refused_though_it_signs_with_our_token()
    {
        using var response = await new SimulatedTwilio(_app.Client, _app.Url).PostAsync(_app.Url + "/voice/incoming", ("AccountSid", "AC" + new string('9', 32)));

        response.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        _app.Spooled().ShouldBeEmpty();
    }

    public static TheoryData<SignedRequest> Forms => [.. SignatureVectors.Accepted.Where(request => request.Form.Length > 0)];

    [Theory, MemberData(nameof(Forms))]
    public async Task A_form_is_taken_over_the_wire_as_signed_and_not_otherwise(SignedRequest vector)
    {
        // The vectors' paths are not ours, so what the signature lets through ends at 404.
        var path = "/voice" + vector.Url[vector.Url.IndexOf("/twilio", StringComparison.Ordinal)..];
        KeyValuePair<string, string>[] form = [.. vector.Parameters, new("AccountSid", VoiceApp.AccountSid), new("CallSid", "CA" + new string('1', 32)), new("To", "+1")];
        form = [.. form.DistinctBy(field => (field.Key, vector.Name.StartsWith("S9", StringComparison.Ordinal) ? field.Value : field.Key))];
        var twilio = new SimulatedTwilio(_app.Client, _app.Url);
        var url = _app.Url + path;

        (await StatusOf(url, form)).ShouldNotBe(HttpStatusCode.Forbidden);
        (await StatusOf(url, form, url + "x")).ShouldBe(HttpStatusCode.Forbidden);
        (await StatusOf(url, [.. form.Skip(1)], signed: form)).ShouldBe(HttpStatusCode.Forbidden);
        (await StatusOf(url, [.. form, new("Extra", "")], signed: form)).ShouldBe(HttpStatusCode.Forbidden);
        (await StatusOf(url, [new(form[0].Key, form[0].Value + " "), .. form.Skip(1)], signed: form)).ShouldBe(HttpStatusCode.Forbidden);
        (await StatusOf(url, [new(form[0].Key + "x", form[0].Value), .. form.Skip(1)], signed: form)).ShouldBe(HttpStatusCode.Forbidden);

        async Task<HttpStatusCode> StatusOf(
            string sentTo, KeyValuePair<string, string>[] sent, string? signedUrl = null, KeyValuePair<string, string>[]? signed = null)
        {
            using var response = await twilio.PostFormAsync(sentTo, sent, signedUrl, signed);
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task The_previous_token_is_good_while_the_account_rotates_and_no_longer()
    {
        await using var rotating = new VoiceApp(new Dictionary<string, string?> { ["Twilio:AuthToken"] = "new token", ["Twilio:PreviousAuthToken"] = "old token" });

        foreach (var (app, token, status) in new[]
        {
            (rotating, "new token", HttpStatusCode.OK), (rotating, "old token", HttpStatusCode.OK), (rotating, "older token", HttpStatusCode.Forbidden),
            (_app, "old token", HttpStatusCode.Forbidden),
        })
        {
            using var response = await new SimulatedTwilio(app.Client, app.Url, token).PostAsync(app.Url + "/voice/incoming");
            response.StatusCode.ShouldBe(status, token);
        }
    }

    [Fact]
    public async Task Behind_a_proxy_the_configured_address_is_what_counts_and_what_Twilio_is_told()
    {
        await using var app = new VoiceApp(new Dictionary<string, string?> { ["Voice:PublicBaseUrl"] = "https://phone.example/kv/" });
        var twilio = new SimulatedTwilio(app.Client, app.Url);

        using var response = await twilio.PostFormAsync(app.Url + "/voice/incoming?x=%2B1", twilio.Base, signedUrl: "https://phone.example/kv/voice/incoming?x=%2B1");

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("action=\"https://phone.example/kv/voice/recorded?n=1&amp;");
        using var direct = await twilio.PostFormAsync(app.Url + "/voice/incoming", twilio.Base);
        direct.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.0/8")]
    public async Task A_known_proxy_may_say_under_which_address_it_was_called(string proxy)
    {
        await using var app = new VoiceApp(new Dictionary<string, string?> { ["Voice:KnownProxies:0"] = proxy });

        using var response = await PostForwarded(app);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("action=\"https://phone.example/voice/recorded?");
    }

    [Fact]
    public async Task An_unknown_proxy_may_not()
    {
        using var response = await PostForwarded(_app);

        response.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Theory]
    [InlineData("Twilio:AuthToken", "")]
    [InlineData("Twilio:AccountSid", "")]
    [InlineData("Twilio:AccountSid", "AC123")]
    [InlineData("Voice:PublicBaseUrl", "voice.example")]
    [InlineData("Voice:PublicBaseUrl", "https://voice.example/?a=b")]
    [InlineData("Voice:KnownProxies:0", "not an address")]
    public void It_does_not_start_with_settings_that_could_not_work(string name, string value)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Twilio:AccountSid"] = VoiceApp.AccountSid,
            ["Twilio:AuthToken"] = SignatureVectors.Token,
            [name] = value,
        }).Build();
        using var services = new ServiceCollection().AddVoice(configuration).BuildServiceProvider();

        // What the web host asks before it listens. Asked of a whole host, its failing start races with whoever waits for it.
        Should.Throw<OptionsValidationException>(services.GetRequiredService<IStartupValidator>().Validate);
    }

    private static async Task<HttpResponseMessage> PostForwarded(VoiceApp app)
    {
        var form = new SimulatedTwilio(app.Client, app.Url).Base;
        using var request = new HttpRequestMessage(HttpMethod.Post, app.Url + "/voice/incoming") { Content = new FormUrlEncodedContent(form) };
        request.Headers.Add("X-Forwarded-For", "203.0.113.7");
        request.Headers.Add("X-Forwarded-Proto", "https");
        request.Headers.Add("X-Forwarded-Host", "phone.example");
        request.Headers.Add("X-Twilio-Signature", new RequestValidator(SignatureVectors.Token).Sign("https://phone.example/voice/incoming", form));
        return await app.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
