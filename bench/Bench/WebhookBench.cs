using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using KestrelVoice.EndToEnd.Tests.Running;
using Spectre.Console;

namespace KestrelVoice.Bench;

/// <summary>From the end of calls to the receiver's door: call log, event, outbox, fan-out, dispatch, signature, attempt on record.</summary>
internal static class WebhookBench
{
    private const int Endpoints = 16;

    public static async Task RunAsync(int calls, int connections, int rounds, TimeSpan length, CancellationToken cancellationToken)
    {
        await using var stack = await Stack.StartAsync(cancellationToken);
        await using var receiver = await Receiver.StartAsync(cancellationToken);
        var secrets = await CompletedCalls.SubscribeAsync(stack, receiver.Url, Endpoints, cancellationToken);
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = connections, UseProxy = false });

        var table = new Table().Title($"{calls} calls to {Endpoints} endpoints a round; {connections} connections in the loop")
            .AddColumns("round", "deliveries/s", "loop posts/s", "of the loop", "repeated");
        var ratios = new List<double>();
        for (var round = 0; round <= rounds; round++)
        {
            var before = (await receiver.CountAsync(cancellationToken))!;
            var started = Stopwatch.GetTimestamp();
            await CompletedCalls.PublishAsync(stack, client, calls, $"{round:x4}", connections, cancellationToken);
            var tally = before;
            while (tally.Distinct < before.Distinct + (calls * Endpoints))
            {
                await Task.Delay(20, cancellationToken);
                tally = (await receiver.CountAsync(cancellationToken))!;
            }
            var delivered = calls * Endpoints / Stopwatch.GetElapsedTime(started).TotalSeconds;

            var loop = await LoopAsync(receiver, await receiver.SampleAsync(cancellationToken), secrets[0], connections, length, cancellationToken);
            // The first round warms everything up.
            if (round == 0)
                continue;
            ratios.Add(delivered / loop);
            table.AddRow(Text(round), Text(delivered), Text(loop), Text(ratios[^1], "F3"), Text(tally.Repeated - before.Repeated));
        }
        AnsiConsole.Write(table);
        AnsiConsole.WriteLine($"Median of the loop: {Text(Load.Median(ratios), "F3")}");
    }

    private static async Task<double> LoopAsync(
        Receiver receiver, byte[] body, string secret, int connections, TimeSpan length, CancellationToken cancellationToken)
    {
        var key = Convert.FromBase64String(secret["whsec_".Length..]);
        var target = new Uri(receiver.Url, "/loop");
        var round = await Load.RunAsync(() =>
        {
            var id = "evt_" + Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString("N");
            var timestamp = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
            var signature = HMACSHA256.HashData(key, (byte[])[.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body]);
            return new HttpRequestMessage(HttpMethod.Post, target)
            {
                Headers = { { "webhook-id", id }, { "webhook-timestamp", timestamp }, { "webhook-signature", "v1," + Convert.ToBase64String(signature) } },
                Content = new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } },
            };
        }, connections, length, cancellationToken);
        return round.RequestsPerSecond;
    }

    private static string Text(double number, string format = "F0") => number.ToString(format, CultureInfo.InvariantCulture);
}
