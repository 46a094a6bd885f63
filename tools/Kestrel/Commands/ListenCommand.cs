using System.CommandLine;
using System.Net.Sockets;
using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Listening;

namespace KestrelVoice.Cli.Commands;

internal static class ListenCommand
{
    private static readonly string[] Events = ["call.completed", "call.missed", "emergency.detected", "appointment.booked"];
    private static readonly TimeSpan PatienceAtTheEnd = TimeSpan.FromSeconds(5);

    public static Command Create()
    {
        var events = new Option<string[]>("--event") { Description = "Which events; may be given again. Default: all.", HelpName = "EVENT", DefaultValueFactory = _ => [] };
        events.AcceptOnlyFromAmong(Events);
        var port = new Option<int>("--port") { Description = "Where to listen, on loopback. Default: a free port.", HelpName = "N" };
        port.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is not (>= 1024 and <= 65535))
                result.AddError("--port is a number from 1024 to 65535.");
        });
        var forward = new Option<Uri?>("--forward")
        {
            Description = "Hand each delivery on to your own server, with all its headers. What that answers is the answer.",
            HelpName = "URL",
            CustomParser = result => Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : Refuse(result),
        };
        var answer = new Option<int>("--answer") { Description = "The status to answer with, to see what comes of a failure.", HelpName = "STATUS", DefaultValueFactory = _ => 200 };
        answer.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is not (>= 200 and <= 599))
                result.AddError("--answer is a status from 200 to 599.");
        });
        var command = new Command("listen", "Receive webhooks on this machine: verify each delivery, show it, answer. For building integrations.")
        {
            events, port, forward, answer,
        };
        command.Run((parsed, context) => RunAsync(
            context, parsed.GetValue(events) ?? [], new LocalReceiverOptions(parsed.GetValue(port), parsed.GetValue(answer), parsed.GetValue(forward))));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, string[] events, LocalReceiverOptions options)
    {
        var (terminal, stop, clock) = (context.Terminal, context.Stop.Orderly, TimeProvider.System);
        var dev = DevFile.Read(context.Home) ?? throw new KestrelException("KestrelVoice is not up. Start it first: ./kestrel up");
        using var api = new WebhooksApi(dev.ApiUrl, dev.ApiKey);
        await using var receiver = await LocalReceiver.StartAsync(options, stop);
        await api.RemoveAbandonedAsync(IsAnsweredAsync, stop);
        var endpoint = await api.RegisterAsync(receiver.Url + "/", [.. events.Distinct()], stop);
        try
        {
            receiver.Begin(new StandardWebhook(endpoint.Secret, clock), new DeliveryPrinter(terminal, clock).Print);
            terminal.Markup($"[green]✓[/] Listening at {receiver.Url} for {(events.Length == 0 ? "every event" : string.Join(", ", events.Distinct()))}; Ctrl-C ends it");
            terminal.Markup($"  endpoint  {endpoint.Id}");
            terminal.Markup($"  secret    {endpoint.Secret}");
            terminal.Line("  Make something happen: ./kestrel call --script docs/examples/leak.yaml");
            await Task.Delay(Timeout.InfiniteTimeSpan, clock, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            terminal.Line();
        }
        finally
        {
            await RemoveAsync(context, api, endpoint.Id);
        }
        return 0;
    }

    private static async Task RemoveAsync(CommandContext context, WebhooksApi api, string id)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.Stop.Now);
        patience.CancelAfter(PatienceAtTheEnd);
        try
        {
            await api.RemoveAsync(id, patience.Token);
            context.Terminal.Markup($"[green]✓[/] Removed {id}");
        }
        catch (Exception away) when (away is KestrelException or OperationCanceledException)
        {
            context.Terminal.Failure($"{id} is still registered: the API cannot be reached. The next ./kestrel listen removes it.");
        }
    }

    private static async Task<bool> IsAnsweredAsync(Uri url)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(url.Host, url.Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static Uri? Refuse(System.CommandLine.Parsing.ArgumentResult result)
    {
        result.AddError("--forward is an http or https URL.");
        return null;
    }
}
