using System.Diagnostics;
using System.Globalization;
using Dapr.Workflow;
using KestrelVoice.EndToEnd.Tests.Running;
using Spectre.Console;

namespace KestrelVoice.Bench;

/// <summary>Durable steps a second: each is an activity whose result the sidecar has on disk before the workflow goes on.</summary>
internal static class WorkflowBench
{
    private const string Chain = "chain";
    private const string Fan = "fan";
    private const string Step = "step";

    public static async Task RunAsync(int instances, int steps, int rounds, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("kestrel-bench-");
        try
        {
            var ports = Ports.Take(2);
            await using var sidecar = Sidecar(folder.FullName, ports);
            sidecar.Start();
            await AnswersAsync(sidecar, ports[0], cancellationToken);
            using var worker = Worker(ports);
            await worker.StartAsync(cancellationToken);
            await MeasureAsync(worker.Services.GetRequiredService<DaprWorkflowClient>(), instances, steps, rounds, cancellationToken);
            await worker.StopAsync(cancellationToken);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task MeasureAsync(DaprWorkflowClient client, int instances, int steps, int rounds, CancellationToken cancellationToken)
    {
        var table = new Table().Title($"{instances} workflows of {steps} steps at once, median of {rounds} rounds")
            .AddColumns("steps", "steps/s", "min..max", "one workflow alone, ms a step");
        foreach (var (name, described) in new[] { (Chain, "one after the other"), (Fan, "side by side") })
        {
            await RunAsync(client, name, instances, steps, cancellationToken);
            var (many, one) = (new List<double>(), new List<double>());
            for (var round = 0; round < rounds; round++)
            {
                many.Add(instances * steps / (await RunAsync(client, name, instances, steps, cancellationToken)).TotalSeconds);
                one.Add((await RunAsync(client, name, 1, steps, cancellationToken)).TotalMilliseconds / steps);
            }
            table.AddRow(
                described, Text(Load.Median(many)), $"{Text(many.Min())}..{Text(many.Max())}", Text(Load.Median(one), "F2"));
        }
        AnsiConsole.Write(table);
    }

    private static async Task<TimeSpan> RunAsync(DaprWorkflowClient client, string name, int instances, int steps, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, instances).Select(async _ =>
        {
            var id = await client.ScheduleNewWorkflowAsync(name, input: steps);
            var ended = await client.WaitForWorkflowCompletionAsync(id, getInputsAndOutputs: true, cancellationToken);
            if (ended.ReadOutputAs<int>() != steps)
                throw new InvalidOperationException($"A workflow ended as {ended.RuntimeStatus} after {ended.ReadOutputAs<int>()} steps.");
        }));
        return Stopwatch.GetElapsedTime(started);
    }

    private static IHost Worker(int[] ports)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration["DAPR_GRPC_ENDPOINT"] = $"http://127.0.0.1:{ports[1]}";
        builder.Services.AddDaprWorkflow(workflows =>
        {
            workflows.RegisterActivity<int, int>(Step, (_, number) => Task.FromResult(number));
            workflows.RegisterWorkflow<int, int>(Chain, async (context, count) =>
            {
                for (var step = 0; step < count; step++)
                    await context.CallActivityAsync<int>(Step, step);
                return count;
            });
            workflows.RegisterWorkflow<int, int>(Fan, async (context, count) =>
                (await Task.WhenAll(Enumerable.Range(0, count).Select(step => context.CallActivityAsync<int>(Step, step)))).Length);
        });
        return builder.Build();
    }

    private static ManagedProcess Sidecar(string folder, int[] ports)
    {
        var runFile = Path.Combine(folder, "dapr.yaml");
        File.WriteAllText(
            runFile,
            $"""
            version: 1
            common:
              resourcesPaths: [{Checkout.Root}/components]
              apiListenAddresses: 127.0.0.1
            apps:
              - appID: host
                appDirPath: .
                daprHTTPPort: {ports[0]}
                daprGRPCPort: {ports[1]}
            """);
        return new ManagedProcess("sidecar", "dotnet", [Checkout.Kestrel, "dapr", "run", "-f", runFile], folder, new Dictionary<string, string>());
    }

    private static async Task AnswersAsync(ManagedProcess sidecar, int port, CancellationToken cancellationToken)
    {
        using var client = new HttpClient();
        await Eventually.Is(async () =>
        {
            using var response = await client.GetAsync(new Uri($"http://127.0.0.1:{port}/v1.0/healthz/outbound"), cancellationToken);
            return response.IsSuccessStatusCode;
        }, TimeSpan.FromSeconds(60), () => sidecar.Log, cancellationToken);
    }

    private static string Text(double number, string format = "F0") => number.ToString(format, CultureInfo.InvariantCulture);
}
