using System.Text;
using System.Xml.Linq;
using KestrelVoice.Voice.Calls;
using KestrelVoice.Voice.Receptionist;
using KestrelVoice.Voice.Tests.Twilio;
using KestrelVoice.Voice.Twilio;
using KestrelVoice.Voice.Webhooks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Voice.Tests.Webhooks;

/// <summary>A defect of ours, in whatever slice, as the caller meets it.</summary>
public sealed class LastResortTests
{
    private static readonly CallPosition Position = CallPosition.First(new DateTimeOffset(2026, 1, 12, 18, 0, 0, TimeSpan.Zero), Tenant.Id) with { Block = 3 };

    [Theory]
    [InlineData("/voice/incoming", "")]
    [InlineData("/voice/turn", "position")]
    [InlineData("/voice/dialed", "position")]
    public async Task A_failing_slice_leaves_the_caller_a_voicemail(string route, string query)
    {
        var (status, body) = await FailAsync(route, query.Length > 0 ? Position.ToQuery() : "", answersTwiML: true);

        status.ShouldBe(200);
        var document = XDocument.Parse(body).Root!;
        document.Element("Say")!.Value.ShouldBe(Script.LostThread);
        document.Element("Record")!.Attribute("action")!.Value.ShouldStartWith("https://voice.example/voice/recorded?n=501&");
    }

    [Fact]
    public async Task When_the_voicemail_itself_fails_the_caller_is_not_asked_for_another()
    {
        var (status, body) = await FailAsync("/voice/recorded", Position.ToQuery(), answersTwiML: true);

        status.ShouldBe(200);
        XDocument.Parse(body).Root!.Elements().Select(verb => verb.Name.LocalName).ShouldBe(["Say", "Hangup"]);
    }

    [Fact]
    public async Task A_failing_callback_is_asked_to_come_again()
    {
        var (status, body) = await FailAsync("/voice/status", "", answersTwiML: false);

        status.ShouldBe(503);
        body.ShouldContain("\"error\":\"unavailable\"");
    }

    private static async Task<(int Status, string Body)> FailAsync(string route, string query, bool answersTwiML)
    {
        var form = new SimulatedTwilio(new HttpClient(), "").Base;
        var options = Options.Create(new TwilioOptions { AccountSid = VoiceApp.AccountSid, AuthToken = SignatureVectors.Token });
        var seal = new PartySeal(options);
        var services = new ServiceCollection().AddLogging().AddSingleton(TimeProvider.System).AddSingleton(seal).BuildServiceProvider();
        var context = new DefaultHttpContext { RequestServices = services };
        context.Request.Method = "POST";
        (context.Request.Path, context.Request.QueryString) = (route, new QueryString(query.Length == 0 ? null : query));
        context.Request.ContentType = "application/x-www-form-urlencoded";
        context.Request.Body = new MemoryStream(Encoding.ASCII.GetBytes(await new FormUrlEncodedContent(form).ReadAsStringAsync(TestContext.Current.CancellationToken)));
        context.Request.Headers["X-Twilio-Signature"] = new RequestValidator(SignatureVectors.Token).Sign("https://voice.example" + route + query, form);
        context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget = route + query;
        context.SetEndpoint(new Endpoint(null, answersTwiML ? new EndpointMetadataCollection(new AnswersTwiML()) : EndpointMetadataCollection.Empty, route));
        using var body = new MemoryStream();
        context.Response.Body = body;
        var webhooks = new TwilioWebhooks(
            _ => throw new InvalidOperationException("a defect"),
            options,
            new PublicUrl(Options.Create(new VoiceOptions { PublicBaseUrl = "https://voice.example" })),
            seal,
            NullLogger<TwilioWebhooks>.Instance);

        await webhooks.InvokeAsync(context);

        return (context.Response.StatusCode, Encoding.UTF8.GetString(body.ToArray()));
    }
}
