using System.CommandLine;
using KestrelVoice.Bench;
using KestrelVoice.Bench.Reads;

var rounds = new Option<int>("--rounds") { Description = "Interleaved rounds; fewer than five prove nothing.", DefaultValueFactory = _ => 5 };
var seconds = new Option<double>("--seconds") { Description = "Length of a subject's turn in a round.", DefaultValueFactory = _ => 4 };
var connections = new Option<int>("--connections") { Description = "Requests under way at once.", DefaultValueFactory = _ => 32 };
var calls = new Option<int>("--calls") { Description = "Calls of the demo tenant.", DefaultValueFactory = _ => 10_000 };

var list = new Command("list", "GET /api/call-logs by cookie and by key, beside a bare Npgsql endpoint with the same statements.") { rounds, seconds, connections, calls };
list.SetAction((parsed, cancellationToken) => ListBench.RunAsync(
    parsed.GetValue(calls), parsed.GetValue(connections), parsed.GetValue(rounds), TimeSpan.FromSeconds(parsed.GetValue(seconds)), cancellationToken));

var ingest = new Command("ingest", "Call events from a sidecar's publish API to committed rows, beside bare inserts of the same events.") { rounds, connections, calls };
ingest.SetAction((parsed, cancellationToken) => IngestBench.RunAsync(
    parsed.GetValue(calls) / 10, parsed.GetValue(connections), parsed.GetValue(rounds), cancellationToken));

var instances = new Option<int>("--instances") { Description = "Workflows that run at once.", DefaultValueFactory = _ => 100 };
var steps = new Option<int>("--steps") { Description = "Activities of each.", DefaultValueFactory = _ => 20 };
var workflow = new Command("workflow", "Steps of workflows through our worker and the local sidecar, one after the other and side by side.") { instances, steps, rounds };
workflow.SetAction((parsed, cancellationToken) => WorkflowBench.RunAsync(
    parsed.GetValue(instances), parsed.GetValue(steps), parsed.GetValue(rounds), cancellationToken));

var webhooks = new Command("webhooks", "Webhook deliveries from a call's events to a receiver, beside a loop that signs and posts the same bytes.") { calls, connections, rounds, seconds };
webhooks.SetAction((parsed, cancellationToken) => WebhookBench.RunAsync(
    parsed.GetValue(calls) / 100, parsed.GetValue(connections), parsed.GetValue(rounds), TimeSpan.FromSeconds(parsed.GetValue(seconds)), cancellationToken));

var waiting = new Option<int>("--waiting") { Description = "Retries that wait.", DefaultValueFactory = _ => 10_000 };
var window = new Option<double>("--window") { Description = "Seconds of idleness that are measured.", DefaultValueFactory = _ => 30 };
var retries = new Command("retries", "CPU time that waiting retries cost while nothing happens, before and after a restart.") { waiting, window };
retries.SetAction((parsed, cancellationToken) => RetryBench.RunAsync(
    parsed.GetValue(waiting), TimeSpan.FromSeconds(parsed.GetValue(window)), cancellationToken));

var sizes = new Option<long[]>("--sizes")
{
    Description = "Numbers of calls, the smallest being what the others are compared with; all of them: 10k,100k,1m,10m.",
    CustomParser = Sizes.Parse,
    DefaultValueFactory = _ => [10_000, 1_000_000],
};
var loads = new Option<string>("--connections") { Description = "Requests under way at once; 32,64 tries one after the other.", DefaultValueFactory = _ => "32,64" };
var turn = new Option<double>("--seconds") { Description = "Length of a turn in a round.", DefaultValueFactory = _ => 2 };
var parts = new Option<string>("--parts") { Description = "Which of compare, grow and ingest; none only seeds.", DefaultValueFactory = _ => "compare,grow,ingest" };
var reads = new Command("reads", "Every read at several numbers of calls, beside a bare endpoint, Next.js and Fastify; with targets.") { sizes, loads, rounds, turn, parts };
reads.SetAction((parsed, cancellationToken) => ReadsBench.RunAsync(
    parsed.GetValue(sizes)!, [.. parsed.GetValue(loads)!.Split(',').Select(int.Parse)], parsed.GetValue(rounds), parsed.GetValue(turn),
    parsed.GetValue(parts)!.Split(','), cancellationToken));

var generate = new Command("load", "Sends what it is told to on standard input; the command reads starts it.") { Hidden = true };
generate.SetAction((_, cancellationToken) => LoadGenerator.RunAsync(Console.In, Console.Out, cancellationToken));

var receiverPort = new Argument<int>("port");
var receive = new Command("receive", "Takes webhooks and counts them; the other commands start it.") { receiverPort };
receive.Hidden = true;
receive.SetAction((parsed, cancellationToken) => Receiver.ServeAsync(parsed.GetValue(receiverPort), cancellationToken));

var database = new Argument<string>("connection-string");
var tenant = new Argument<Guid>("tenant");
var port = new Argument<int>("port");
var bare = new Command("bare", "Serves the bare endpoint; the other commands start it.") { database, tenant, port };
bare.Hidden = true;
bare.SetAction((parsed, cancellationToken) => BareEndpoint.RunAsync(parsed.GetValue(database)!, parsed.GetValue(tenant), parsed.GetValue(port), cancellationToken));

return await new RootCommand("Figures and ratios; they never decide whether a build passes.") { list, reads, ingest, workflow, webhooks, retries, bare, receive, generate }
    .Parse(args)
    // What was started is stopped and removed before an interrupted run ends.
    .InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(2) });
