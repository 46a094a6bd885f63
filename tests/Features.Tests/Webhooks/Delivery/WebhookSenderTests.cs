using System.Net;
using System.Net.Sockets;
using System.Text;
using KestrelVoice.Features.Kernel.CustomerUrls;
using KestrelVoice.Features.Tests.Kernel.CustomerUrls;
using KestrelVoice.Features.Webhooks.Delivery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace KestrelVoice.Features.Tests.Webhooks.Delivery;

public sealed class WebhookSenderTests
{
    private static readonly DateTimeOffset NewYear = DateTimeOffset.FromUnixTimeSeconds(1767225600);
    private static readonly byte[] FirstKey = [.. Enumerable.Range(0, 24).Select(number => (byte)number)];
    private static readonly byte[] SecondKey = [.. Enumerable.Range(24, 24).Select(number => (byte)number)];
    private static readonly byte[] Body = """{"type":"call.completed","timestamp":"2026-01-01T00:00:00Z","data":{"callId":"c1"}}"""u8.ToArray();

    [Fact]
    public void Signatures_are_those_of_the_reference_implementation()
    {
        WebhookSignature.Of("msg_kvtest1", 1767225600, Body, [FirstKey]).ShouldBe("v1,k6ZKX5qkeWiO3zV26zVcS/5r0ZovQshGFWw8a6quO3k=");
        WebhookSignature.Of("msg_kvtest1", 1767225600, Body, [SecondKey, FirstKey])
            .ShouldBe("v1,RtaGdyOLStKF4dCx25ikCTolg9u9+7GiksQrMEh/NqY= v1,k6ZKX5qkeWiO3zV26zVcS/5r0ZovQshGFWw8a6quO3k=");
    }

    [Fact]
    public async Task The_bytes_go_out_as_they_are_under_their_id_signed_for_this_moment()
    {
        HeaderDictionary? headers = null;
        byte[]? received = null;
        await using var receiver = await ReceiveAsync(async context =>
        {
            headers = new HeaderDictionary(context.Request.Headers.ToDictionary(StringComparer.OrdinalIgnoreCase));
            using var buffer = new MemoryStream();
            await context.Request.Body.CopyToAsync(buffer, Token);
            received = buffer.ToArray();
            await context.Response.WriteAsync("thanks", Token);
        });

        var result = await SendAsync(receiver, new Dictionary<string, string> { ["X-Shop"] = "42", ["Authorization"] = "Basic c2VjcmV0" });

        result.ShouldSatisfyAllConditions(
            () => result.Status.ShouldBe(200),
            () => result.Verdict.ShouldBe(Verdict.Delivered),
            () => result.Error.ShouldBeNull(),
            () => result.ResponseBody.ShouldBe("thanks"));
        received.ShouldBe(Body);
        headers!["webhook-id"].ToString().ShouldBe("msg_kvtest1");
        headers["webhook-timestamp"].ToString().ShouldBe("1767225600");
        headers["webhook-signature"].ToString().ShouldBe("v1,k6ZKX5qkeWiO3zV26zVcS/5r0ZovQshGFWw8a6quO3k=");
        headers["kestrel-sequence"].ToString().ShouldBe("7");
        headers["content-type"].ToString().ShouldBe("application/json");
        headers["x-shop"].ToString().ShouldBe("42");
        headers["authorization"].ToString().ShouldBe("Basic c2VjcmV0");
    }

    [Theory]
    [InlineData(200, nameof(Verdict.Delivered))]
    [InlineData(204, nameof(Verdict.Delivered))]
    [InlineData(301, nameof(Verdict.Refused))]
    [InlineData(302, nameof(Verdict.Refused))]
    [InlineData(400, nameof(Verdict.Refused))]
    [InlineData(401, nameof(Verdict.Refused))]
    [InlineData(404, nameof(Verdict.Refused))]
    [InlineData(408, nameof(Verdict.TryAgain))]
    [InlineData(409, nameof(Verdict.TryAgain))]
    [InlineData(410, nameof(Verdict.Gone))]
    [InlineData(422, nameof(Verdict.Refused))]
    [InlineData(425, nameof(Verdict.TryAgain))]
    [InlineData(429, nameof(Verdict.TryAgain))]
    [InlineData(500, nameof(Verdict.TryAgain))]
    [InlineData(501, nameof(Verdict.TryAgain))]
    [InlineData(503, nameof(Verdict.TryAgain))]
    public async Task The_status_decides(int status, string verdict)
    {
        await using var receiver = await ReceiveAsync(context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        });

        var result = await SendAsync(receiver);

        result.Status.ShouldBe(status);
        result.Verdict.ToString().ShouldBe(verdict);
    }

    [Theory]
    [InlineData("120", 120d)]
    [InlineData("Thu, 01 Jan 2026 00:05:00 GMT", 300d)]
    [InlineData("Wed, 31 Dec 2025 00:00:00 GMT", null)]
    [InlineData("0", null)]
    [InlineData("in a while", null)]
    public async Task Both_ways_to_ask_for_time_are_understood(string header, double? seconds)
    {
        await using var receiver = await ReceiveAsync(context =>
        {
            context.Response.StatusCode = 503;
            context.Response.Headers.RetryAfter = header;
            return Task.CompletedTask;
        });

        (await SendAsync(receiver)).RetryAfter.ShouldBe(seconds is { } asked ? TimeSpan.FromSeconds(asked) : null);
    }

    [Fact]
    public async Task Of_an_endless_answer_the_beginning_is_kept()
    {
        await using var receiver = await ReceiveAsync(async context =>
        {
            var chunk = Encoding.ASCII.GetBytes(new string('x', 4096));
            for (var sent = 0; sent < 10_000 && !context.RequestAborted.IsCancellationRequested; sent++)
                await context.Response.Body.WriteAsync(chunk, context.RequestAborted);
        });

        (await SendAsync(receiver)).ResponseBody!.Length.ShouldBe(16 * 1024);
    }

    [Fact]
    public async Task Bytes_that_are_no_text_are_kept_as_far_as_a_database_can_hold_them()
    {
        await using var receiver = await ReceiveAsync(context => context.Response.Body.WriteAsync(new byte[] { 0x6f, 0x6b, 0x00, 0x1b, 0xff, 0x0a }, Token).AsTask());

        (await SendAsync(receiver)).ResponseBody.ShouldBe("ok\uFFFD\uFFFD\uFFFD\n");
    }

    [Fact]
    public async Task A_receiver_that_says_nothing_has_fifteen_seconds()
    {
        var reached = new TaskCompletionSource();
        await using var receiver = await ReceiveAsync(async context =>
        {
            reached.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        var clock = new FakeTimeProvider(NewYear);

        var sending = SendAsync(receiver, clock: clock);
        await reached.Task.WaitAsync(Token);
        clock.Advance(TimeSpan.FromSeconds(14.9));
        sending.IsCompleted.ShouldBeFalse();
        clock.Advance(TimeSpan.FromSeconds(0.2));

        var result = await sending;
        result.Error.ShouldBe(ConnectFailures.Timeout);
        result.Verdict.ShouldBe(Verdict.TryAgain);
        result.DurationMs.ShouldBe(15_100);
    }

    [Fact]
    public async Task A_receiver_that_has_said_200_has_taken_it_even_if_it_breaks_off_then()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var sending = SendAsync($"http://{listener.LocalEndpoint}/");
        using (var connection = await listener.AcceptTcpClientAsync(Token))
        {
            await connection.GetStream().ReadExactlyAsync(new byte[1], Token);
            await connection.GetStream().WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ntha"u8.ToArray(), Token);
            connection.Client.Shutdown(SocketShutdown.Send);

            var result = await sending;
            result.Verdict.ShouldBe(Verdict.Delivered);
            result.ResponseBody.ShouldBe("tha");
        }
    }

    [Fact]
    public async Task Nobody_there_is_worth_another_attempt()
    {
        var receiver = await ReceiveAsync(_ => Task.CompletedTask);
        var url = receiver.Urls.Single();
        await receiver.DisposeAsync();

        var result = await SendAsync(url);

        result.Error.ShouldBe(ConnectFailures.Connect);
        result.Verdict.ShouldBe(Verdict.TryAgain);
    }

    [Fact]
    public async Task Whoever_gives_up_learns_nothing()
    {
        await using var receiver = await ReceiveAsync(context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        using var stopping = new CancellationTokenSource();
        using var outbound = new Outbound(["127.0.0.0/8"]);

        var sending = new WebhookSender(outbound.Clients, TimeProvider.System).SendAsync(RequestTo(receiver.Urls.Single()), stopping.Token);
        await stopping.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => sending);
    }

    private static Task<WebhookSender.Result> SendAsync(
        WebApplication receiver, IReadOnlyDictionary<string, string>? headers = null, TimeProvider? clock = null) =>
        SendAsync(receiver.Urls.Single(), headers, clock);

    private static async Task<WebhookSender.Result> SendAsync(
        string url, IReadOnlyDictionary<string, string>? headers = null, TimeProvider? clock = null)
    {
        using var outbound = new Outbound(["127.0.0.0/8"]);
        return await new WebhookSender(outbound.Clients, clock ?? new FakeTimeProvider(NewYear)).SendAsync(RequestTo(url, headers), Token);
    }

    private static WebhookSender.Request RequestTo(string url, IReadOnlyDictionary<string, string>? headers = null) =>
        new(url, "msg_kvtest1", Sequence: 7, Body, [FirstKey], headers ?? new Dictionary<string, string>());

    private static async Task<WebApplication> ReceiveAsync(RequestDelegate handle)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Run(handle);
        await app.StartAsync(Token);
        return app;
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;
}
