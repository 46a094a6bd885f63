using System.Net;
using System.Net.Http.Headers;
using System.Text;
using KestrelVoice.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.Features.Tests.Calls;

public sealed class GetRecordingTests : IClassFixture<KestrelVoiceApp>, IClassFixture<GetRecordingTests.Twilio>
{
    private static readonly byte[] Audio = [.. Enumerable.Range(0, 200_000).Select(index => (byte)(index * 31))];

    private readonly KestrelVoiceApp app;
    private readonly Twilio twilio;

    public GetRecordingTests(KestrelVoiceApp app, Twilio twilio)
    {
        (this.app, this.twilio) = (app, twilio);
        app.Settings["Twilio:ApiBaseUrl"] = twilio.Url;
        app.Settings["Twilio:AccountSid"] = Twilio.AccountSid;
        app.Settings["Twilio:AuthToken"] = Twilio.AuthToken;
        twilio.Authorizations.Clear();
        twilio.Answer = ServeAudio;
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_recording_is_fetched_with_the_accounts_credential_and_passed_on()
    {
        var (client, path) = await GivenARecordedCall();

        using var response = await client.GetAsync(path, Token);

        await response.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentType?.MediaType.ShouldBe("audio/wav");
        response.Headers.CacheControl!.NoStore.ShouldBeTrue();
        (await response.Content.ReadAsByteArrayAsync(Token)).ShouldBe(Audio);
        twilio.Authorizations.ShouldBe(["Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Twilio.AccountSid}:{Twilio.AuthToken}"))]);
    }

    [Fact]
    public async Task A_part_of_a_recording_can_be_asked_for()
    {
        var (client, path) = await GivenARecordedCall();
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Range = new RangeHeaderValue(100, 199) } };

        using var response = await client.SendAsync(request, Token);

        await response.ShouldBe(HttpStatusCode.PartialContent);
        response.Content.Headers.ContentRange!.ToString().ShouldBe("bytes 100-199/200000");
        (await response.Content.ReadAsByteArrayAsync(Token)).ShouldBe(Audio[100..200]);
    }

    [Fact]
    public async Task What_is_behind_its_end_is_refused()
    {
        var (client, path) = await GivenARecordedCall();
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Range = new RangeHeaderValue(200_000, 200_099) } };

        using var response = await client.SendAsync(request, Token);

        await response.ShouldBeProblem(HttpStatusCode.RequestedRangeNotSatisfiable, "invalid_parameter");
        response.Content.Headers.ContentRange!.ToString().ShouldBe("bytes */200000");
    }

    [Fact]
    public async Task A_redirect_on_the_same_host_is_followed()
    {
        twilio.Answer = context =>
        {
            if (context.Request.Path.Value!.StartsWith("/media/", StringComparison.Ordinal))
                return ServeAudio(context);
            context.Response.Redirect("/media/1");
            return Task.CompletedTask;
        };
        var (client, path) = await GivenARecordedCall();

        using var response = await client.GetAsync(path, Token);

        (await response.Content.ReadAsByteArrayAsync(Token)).ShouldBe(Audio);
    }

    [Theory]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    [InlineData("ftp://127.0.0.1/x")]
    [InlineData("file:///etc/passwd")]
    public async Task A_redirect_to_anywhere_that_is_not_https_is_not_followed(string target)
    {
        twilio.Answer = context =>
        {
            context.Response.Redirect(target);
            return Task.CompletedTask;
        };
        var (client, path) = await GivenARecordedCall();

        await (await client.GetAsync(path, Token)).ShouldBeProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
        twilio.Authorizations.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_redirect_in_circles_is_given_up()
    {
        twilio.Answer = context =>
        {
            context.Response.Redirect(context.Request.Path);
            return Task.CompletedTask;
        };
        var (client, path) = await GivenARecordedCall();

        await (await client.GetAsync(path, Token)).ShouldBeProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
        twilio.Authorizations.Count.ShouldBe(3);
    }

    [Theory]
    [InlineData(404)]
    [InlineData(410)]
    public async Task A_recording_that_Twilio_no_longer_has_is_404(int status)
    {
        twilio.Answer = context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        };
        var (client, path) = await GivenARecordedCall();

        await (await client.GetAsync(path, Token)).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
    }

    [Fact]
    public async Task A_failure_that_passes_is_not_noticed()
    {
        twilio.Answer = context =>
        {
            if (twilio.Authorizations.Count > 1)
                return ServeAudio(context);
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        };
        var (client, path) = await GivenARecordedCall();

        await (await WhileTimePasses(client.GetAsync(path, Token))).ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(500)]
    public async Task A_failure_that_stays_is_503(int status)
    {
        twilio.Answer = context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        };
        var (client, path) = await GivenARecordedCall();

        await (await WhileTimePasses(client.GetAsync(path, Token))).ShouldBeProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
    }

    [Fact]
    public async Task A_call_without_a_recording_is_404()
    {
        var tenant = await app.GivenATenant();
        await app.GivenACall(new PhoneCall(tenant, 1, KestrelVoiceApp.Noon).Started());
        using var client = app.ClientFor(tenant);
        var id = (await client.ReadAsync("/api/call-logs")).Data().Single().Id();

        var problem = await (await client.GetAsync($"/api/call-logs/{id}/recording", Token)).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        problem.GetProperty("message").GetString().ShouldBe("There is no recording of this call.");
    }

    private static async Task ServeAudio(HttpContext context)
    {
        if (context.Request.Path != $"/2010-04-01/Accounts/{Twilio.AccountSid}/Recordings/RE{1:x32}.wav" && !context.Request.Path.StartsWithSegments("/media"))
            context.Response.StatusCode = StatusCodes.Status404NotFound;
        else
            await Results.Bytes(Audio, "audio/x-wav", enableRangeProcessing: true).ExecuteAsync(context);
    }

    /// <summary>Pauses between attempts are by the app's clock, which stands still otherwise.</summary>
    private async Task<HttpResponseMessage> WhileTimePasses(Task<HttpResponseMessage> response)
    {
        using var step = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!response.IsCompleted && await step.WaitForNextTickAsync(Token))
            app.Clock.Advance(TimeSpan.FromMilliseconds(20));
        return await response;
    }

    private async Task<(HttpClient Client, string Path)> GivenARecordedCall()
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 1, KestrelVoiceApp.Noon);
        await app.GivenACall(call.Started(), call.Recording(RecordingKind.Call), call.Ended());
        var client = app.ClientFor(tenant);
        var link = (await client.ReadAsync("/api/call-logs")).Data().Single().GetProperty("recording_url").GetString()!;
        return (client, new Uri(link).AbsolutePath);
    }

    /// <summary>Answers as Twilio's API would, or as a test wants it to.</summary>
    public sealed class Twilio : IAsyncLifetime
    {
        public const string AccountSid = "AC11111111111111111111111111111111";
        public const string AuthToken = "the account's token in tests";

        private WebApplication? server;

        public List<string?> Authorizations { get; } = [];

        public RequestDelegate Answer { get; set; } = ServeAudio;

        public string Url => server?.Urls.Single() ?? throw new InvalidOperationException("The server has not been started.");

        public async ValueTask InitializeAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Logging.ClearProviders();
            server = builder.Build();
            server.Run(context =>
            {
                Authorizations.Add(context.Request.Headers.Authorization);
                return Answer(context);
            });
            await server.StartAsync(Token);
        }

        public async ValueTask DisposeAsync() => await (server?.DisposeAsync() ?? ValueTask.CompletedTask);
    }
}
