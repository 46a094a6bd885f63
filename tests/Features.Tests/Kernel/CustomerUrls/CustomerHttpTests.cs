using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using KestrelVoice.Features.Kernel.CustomerUrls;

namespace KestrelVoice.Features.Tests.Kernel.CustomerUrls;

/// <summary>Real sockets: whether anything reached the server behind the wall is asked of the server.</summary>
public sealed class CustomerHttpTests
{
    [Fact]
    public async Task A_server_on_loopback_is_never_even_connected_to()
    {
        using var server = new CountingServer();
        using var outbound = new Outbound();

        foreach (var host in new[] { "127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "127.1" })
        {
            var refused = await Should.ThrowAsync<HttpRequestException>(() => outbound.Client.GetAsync(new Uri($"https://{host}:{server.Port}/"), Token));
            ConnectFailures.Of(refused).ShouldBe(ConnectFailures.BlockedAddress, host);
        }
        server.Connections.ShouldBe(0);
    }

    [Fact]
    public async Task A_name_that_was_public_when_it_was_saved_and_is_loopback_now_is_refused()
    {
        using var server = new CountingServer();
        var answers = new Queue<string>(["93.184.215.14", "127.0.0.1"]);
        using var outbound = new Outbound(resolve: (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(answers.Dequeue())]));
        var url = $"https://rebinding.example.com:{server.Port}/";

        (await outbound.Rules.CheckAsync(url, Token)).ShouldBeNull();
        var refused = await Should.ThrowAsync<HttpRequestException>(() => outbound.Client.GetAsync(new Uri(url), Token));

        ConnectFailures.Of(refused).ShouldBe(ConnectFailures.BlockedAddress);
        server.Connections.ShouldBe(0);
    }

    [Fact]
    public async Task The_name_is_asked_once_for_a_connection_and_what_was_vetted_is_connected_to()
    {
        using var server = new CountingServer();
        var asked = 0;
        using var outbound = new Outbound(["127.0.0.1/32"], resolve: (_, _) =>
        {
            asked++;
            return Task.FromResult<IPAddress[]>([IPAddress.Parse("127.0.0.1")]);
        });

        (await outbound.Client.GetAsync(new Uri($"http://hooks.example.com:{server.Port}/"), Token)).StatusCode.ShouldBe(HttpStatusCode.OK);

        asked.ShouldBe(1);
        server.Requests.ShouldHaveSingleItem().ShouldContain($"Host: hooks.example.com:{server.Port}");
    }

    [Fact]
    public async Task A_redirect_is_an_answer_like_any_other()
    {
        using var inside = new CountingServer();
        using var server = new CountingServer($"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{inside.Port}/secrets\r\nContent-Length: 0\r\n\r\n");
        using var outbound = new Outbound(["127.0.0.0/8"]);

        (await outbound.Client.GetAsync(new Uri($"http://127.0.0.1:{server.Port}/"), Token)).StatusCode.ShouldBe(HttpStatusCode.Found);

        inside.Connections.ShouldBe(0);
    }

    [Fact]
    public async Task Plain_http_to_a_public_address_is_refused_when_connecting_too()
    {
        using var outbound = new Outbound(resolve: Outbound.Answering("93.184.215.14"));

        var refused = await Should.ThrowAsync<HttpRequestException>(() => outbound.Client.GetAsync(new Uri("http://hooks.example.com/"), Token));

        ConnectFailures.Of(refused).ShouldBe(ConnectFailures.BlockedAddress);
    }

    [Fact]
    public async Task Neither_cookies_nor_our_traces_travel_and_the_sender_has_a_name()
    {
        using var server = new CountingServer("HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n");
        using var outbound = new Outbound(["127.0.0.0/8"]);
        using var activity = new Activity("of our own").Start();

        await outbound.Client.GetAsync(new Uri($"http://127.0.0.1:{server.Port}/"), Token);
        await outbound.Client.GetAsync(new Uri($"http://127.0.0.1:{server.Port}/"), Token);

        server.Requests.Count.ShouldBe(2);
        foreach (var request in server.Requests)
        {
            request.ShouldContain("User-Agent: KestrelVoice/");
            request.ShouldNotContain("Cookie", Case.Insensitive);
            request.ShouldNotContain("traceparent", Case.Insensitive);
        }
    }

    [Fact]
    public async Task Why_there_was_no_answer_is_told_apart()
    {
        using var outbound = new Outbound(["127.0.0.0/8"]);
        using var gone = new CountingServer();
        gone.Dispose();
        using var rude = new CountingServer("this is not HTTP\r\n\r\n");

        (await FailureOf(outbound, $"http://127.0.0.1:{gone.Port}/")).ShouldBe(ConnectFailures.Connect);
        (await FailureOf(outbound, "https://no-such-host.invalid/")).ShouldBe(ConnectFailures.Dns);
        (await FailureOf(outbound, $"http://127.0.0.1:{rude.Port}/")).ShouldBe(ConnectFailures.Protocol);
        (await FailureOf(outbound, $"https://127.0.0.1:{rude.Port}/")).ShouldBe(ConnectFailures.Tls);
        ConnectFailures.Of(new TaskCanceledException("", new TimeoutException())).ShouldBe(ConnectFailures.Timeout);
    }

    private static async Task<string> FailureOf(Outbound outbound, string url) =>
        ConnectFailures.Of(await Should.ThrowAsync<HttpRequestException>(() => outbound.Client.GetAsync(new Uri(url), Token)));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Counts who connects, and gives everyone the same bytes.</summary>
    private sealed class CountingServer : IDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly byte[] answer;
        private int connections;

        public CountingServer(string answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        {
            this.answer = Encoding.ASCII.GetBytes(answer);
            listener.Start();
            Port = ((IPEndPoint)listener.LocalEndpoint).Port;
            _ = ServeAsync();
        }

        public int Port { get; }

        public int Connections => Volatile.Read(ref connections);

        public List<string> Requests { get; } = [];

        public void Dispose() => listener.Dispose();

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    var client = await listener.AcceptTcpClientAsync();
                    Interlocked.Increment(ref connections);
                    _ = AnswerAsync(client);
                }
            }
            catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
            {
            }
        }

        private async Task AnswerAsync(TcpClient client)
        {
            using var _ = client;
            var stream = client.GetStream();
            var buffer = new byte[8192];
            int read;
            while ((read = await stream.ReadAsync(buffer)) > 0)
            {
                lock (Requests)
                    Requests.Add(Encoding.Latin1.GetString(buffer, 0, read));
                await stream.WriteAsync(answer);
            }
        }
    }
}
