using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using KestrelVoice.LocalDapr.Tests.Harness;
using Microsoft.AspNetCore.Http;

namespace KestrelVoice.LocalDapr.Tests.Conformance;

/// <summary>Behaviour 10: calls from app to app.</summary>
public sealed class InvocationTests : IAsyncLifetime
{
    private readonly DaprRun _run = new();
    private readonly TestApp _callee = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _callee.StartAsync();
        _run.WithEnvironment("APP_API_TOKEN", "app-secret").WithApp("voice").WithApp("host", _callee);
    }

    public async ValueTask DisposeAsync()
    {
        await _run.DisposeAsync();
        await _callee.DisposeAsync();
    }

    [Theory]
    [InlineData("/v1.0/invoke/host/method/internal/routing?number=%2B1503&x=a%20b", "")]
    [InlineData("/internal/routing?number=%2B1503&x=a%20b", "host")]
    public async Task A_request_arrives_as_it_was_sent(string url, string header)
    {
        await StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Put, url) { Content = new StringContent("""{"a":1}""", Encoding.UTF8, "application/json") };
        request.Headers.Add("X-Mine", "yes");
        request.Headers.Add("dapr-caller-app-id", "forged");
        request.Headers.Add("secret-bin", "AA==");
        if (header.Length > 0)
            request.Headers.Add("dapr-app-id", header);

        using var response = await _run.Http("voice").SendAsync(request, Cancel);

        var received = await _callee.ShouldReceive("/internal/routing");
        received.Method.ShouldBe("PUT");
        received.Query.ShouldBe("?number=%2B1503&x=a%20b");
        received.Text.ShouldBe("""{"a":1}""");
        received.Headers["content-type"].ShouldBe("application/json; charset=utf-8");
        received.Headers["x-mine"].ShouldBe("yes");
        received.Headers["dapr-caller-app-id"].ShouldBe("voice");
        received.Headers["dapr-callee-app-id"].ShouldBe("host");
        received.Headers["dapr-api-token"].ShouldBe("app-secret");
        received.Headers["host"].ShouldContain(_callee.Port.ToString(System.Globalization.CultureInfo.InvariantCulture));
        received.Headers.ShouldContainKey("traceparent");
        received.Headers.ShouldNotContainKey("dapr-app-id");
        received.Headers.ShouldNotContainKey("secret-bin");
    }

    [Fact]
    public async Task The_stock_client_calls_another_app()
    {
        await StartAsync();
        _callee.Answer = (_, context) => context.Response.WriteAsJsonAsync(new { tenant = "maple" }, Cancel);
        using var client = _run.Client("voice");

        var answer = await client.CreateInvokableHttpClient("host").GetFromJsonAsync<JsonElement>("/internal/thing", Cancel);

        answer.GetProperty("tenant").GetString().ShouldBe("maple");
    }

    [Theory]
    [InlineData(201)]
    [InlineData(302)]
    [InlineData(404)]
    [InlineData(409)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task Whatever_the_app_answers_passes_through_and_is_not_retried(int status)
    {
        await StartAsync();
        _callee.Answer = (_, context) =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers["X-Answer"] = "mine";
            context.Response.ContentType = "application/problem+json";
            return context.Response.WriteAsync("""{"type":"about:blank"}""", Cancel);
        };
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = _run.Http("voice").BaseAddress };

        using var response = await http.GetAsync("/v1.0/invoke/host/method/x", Cancel);

        ((int)response.StatusCode).ShouldBe(status);
        response.Headers.GetValues("X-Answer").ShouldBe(["mine"]);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        (await response.Content.ReadAsStringAsync(Cancel)).ShouldBe("""{"type":"about:blank"}""");
        _callee.Asked("/x").Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("/v1.0/invoke/nobody/method/x", 500)]
    [InlineData("/v1.0/invoke/voice/method/x", 500)]
    [InlineData("/anything", 404)]
    public async Task A_call_that_cannot_be_made_is_the_sidecars_own_error(string path, int status)
    {
        await StartAsync();

        using var response = await _run.Http("voice").GetAsync(path, Cancel);

        ((int)response.StatusCode).ShouldBe(status);
        (await response.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("errorCode").GetString().ShouldBe("ERR_DIRECT_INVOKE");
    }

    [Fact]
    public async Task An_app_that_is_down_is_a_500_not_a_hang()
    {
        await StartAsync();
        await _callee.StopAsync();

        using var response = await _run.Http("voice").GetAsync("/v1.0/invoke/host/method/x", Cancel);

        response.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        (await response.Content.ReadAsStringAsync(Cancel)).ShouldContain("ERR_DIRECT_INVOKE");
    }

    [Fact]
    public async Task An_app_whose_health_is_not_checked_is_invoked_while_it_is_asked_for_its_subscriptions()
    {
        Assert.SkipWhen(DaprRun.IsReal, "Whether a real daprd says meanwhile that it is ready was not measured.");
        var subscribing = new TaskCompletionSource();
        _callee.SubscribesAfter = subscribing.Task;
        await StartAsync();

        using var response = await _run.Http("voice").GetAsync("/v1.0/invoke/host/method/x", Cancel);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        subscribing.SetResult();
    }

    [Fact]
    public async Task A_policy_retries_what_it_matches_with_the_same_body()
    {
        _run.WithResiliency(
            """
            policies:
              retries:
                invoke: { policy: constant, duration: 20ms, maxRetries: 2, matching: { httpStatusCodes: "502-504" } }
            targets:
              apps:
                host: { retry: invoke }
            """);
        await StartAsync();
        _callee.Answer = (request, context) =>
        {
            context.Response.StatusCode = request.Path == "/gone" ? 410 : _callee.Asked("/flaky").Count < 3 ? 503 : 200;
            return Task.CompletedTask;
        };
        using var http = _run.Http("voice");

        using var flaky = await http.PostAsync("/v1.0/invoke/host/method/flaky", new StringContent("body"), Cancel);
        using var gone = await http.GetAsync("/v1.0/invoke/host/method/gone", Cancel);

        ((int)flaky.StatusCode).ShouldBe(200);
        _callee.Asked("/flaky").Select(request => request.Text).ShouldBe(["body", "body", "body"]);
        ((int)gone.StatusCode).ShouldBe(410);
        _callee.Asked("/gone").Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_timeout_policy_ends_a_call_that_hangs()
    {
        _run.WithResiliency(
            """
            policies:
              timeouts: { invoke: 200ms }
            targets:
              apps:
                host: { timeout: invoke }
            """);
        await StartAsync();
        _callee.Answer = (_, context) => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);

        using var response = await _run.Http("voice").GetAsync("/v1.0/invoke/host/method/slow", Cancel);

        response.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        (await response.Content.ReadAsStringAsync(Cancel)).ShouldContain("ERR_DIRECT_INVOKE");
    }

    [Fact]
    public async Task A_body_beyond_the_limit_is_refused()
    {
        await _run.WithApp("small", settings: "maxBodySize: 1Ki").StartAsync();
        await Poll.Until(async () => (await _run.Http("small").GetAsync("/v1.0/invoke/host/method/ok", Cancel)).IsSuccessStatusCode, () => "the app to be up");

        using var response = await _run.Http("small").PostAsync("/v1.0/invoke/host/method/big", new ByteArrayContent(new byte[64 * 1024]), Cancel);

        if (!DaprRun.IsReal)
            ((int)response.StatusCode).ShouldBe(413);
        response.IsSuccessStatusCode.ShouldBeFalse();
        _callee.Asked("/big").ShouldBeEmpty();
    }

    [Fact]
    public async Task An_event_stream_arrives_while_it_is_written()
    {
        await StartAsync();
        var goOn = new TaskCompletionSource();
        _callee.Answer = async (_, context) =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: 1\n\n", Cancel);
            await context.Response.Body.FlushAsync(Cancel);
            await goOn.Task.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
            await context.Response.WriteAsync("data: 2\n\n", Cancel);
        };

        using var response = await _run.Http("voice").GetAsync("/v1.0/invoke/host/method/stream", HttpCompletionOption.ResponseHeadersRead, Cancel);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancel));
        (await reader.ReadLineAsync(Cancel)).ShouldBe("data: 1");
        goOn.SetResult();

        (await reader.ReadToEndAsync(Cancel)).ShouldContain("data: 2");
    }

    private async Task StartAsync()
    {
        await _run.StartAsync();
        await Poll.Until(async () => (await _run.Http("host").GetAsync("/v1.0/healthz", Cancel)).IsSuccessStatusCode, () => "the app to be up");
    }
}
