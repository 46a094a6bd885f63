using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using YourApp;

namespace KestrelVoice.Features.Tests.Webhooks.Verification;

/// <summary>Everybody who may verify our deliveries: the stock libraries, and the code of the guide in each of its languages.</summary>
internal static class Receivers
{
    public const string CSharp = "C#";
    public const string Node = "Node";
    public const string Python = "Python";
    public const string StandardWebhooks = "standardwebhooks";
    public const string Svix = "svix";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    /// <summary>Who believes what. A language without an interpreter on this machine is left out.</summary>
    public static async Task<IReadOnlyList<(string Receiver, IReadOnlyList<bool> Believes)>> AskAsync(IReadOnlyList<SignedDelivery> deliveries)
    {
        var told = JsonSerializer.SerializeToUtf8Bytes(
            deliveries.Select(delivery => new { delivery.Secret, delivery.Headers, delivery.Body, delivery.Now }), JsonSerializerOptions.Web);
        var answers = new List<(string, IReadOnlyList<bool>)>
        {
            (CSharp, [.. deliveries.Select(delivery => KestrelVoiceWebhook.Verify(
                delivery.Secret, delivery.Headers["webhook-id"], delivery.Headers["webhook-timestamp"], delivery.Headers["webhook-signature"], delivery.Body,
                delivery.Now is { } now ? DateTimeOffset.FromUnixTimeSeconds(now) : TimeProvider.System.GetUtcNow()))]),
        };

        var oracles = Path.Combine(Checkout.Root, "tests", "Oracles");
        Directory.Exists(Path.Combine(oracles, "node_modules", "standardwebhooks")).ShouldBeTrue("Run `npm ci` in tests/Oracles first.");
        var complaints = (await RunAsync("node", ["webhooks/verify.mjs"], oracles, told)).ShouldNotBeNull("Node is needed.").EnumerateArray().ToList();
        foreach (var library in new[] { StandardWebhooks, Svix })
            answers.Add((library, [.. complaints.Select(complaint => complaint.IsNull(library))]));

        var folder = Directory.CreateTempSubdirectory("kestrelvoice-guide-");
        try
        {
            if (await RunAsync("node", [Program(folder, "verify.mjs", WebhooksGuide.CodeUnder(Node) + NodeMain)], folder.FullName, told) is { } node)
                answers.Add((Node, Booleans(node)));
            if (await RunAsync("python3", [Program(folder, "verify.py", WebhooksGuide.CodeUnder(Python) + PythonMain)], folder.FullName, told) is { } python)
                answers.Add((Python, Booleans(python)));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
        return answers;
    }

    private const string NodeMain =
        """

        import { readFileSync } from 'node:fs';
        console.log(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(
          ({ secret, headers, body, now }) => verify(secret, headers, Buffer.from(body, 'base64'), now ?? undefined))));
        """;

    private const string PythonMain =
        """


        import json
        import sys

        print(json.dumps([verify(each["secret"], each["headers"], base64.b64decode(each["body"]), each["now"]) for each in json.load(sys.stdin)]))
        """;

    private static bool[] Booleans(JsonElement answers) => [.. answers.EnumerateArray().Select(answer => answer.GetBoolean())];

    private static string Program(DirectoryInfo folder, string name, string code)
    {
        var path = Path.Combine(folder.FullName, name);
        File.WriteAllText(path, code);
        return path;
    }

    private static async Task<JsonElement?> RunAsync(string program, string[] arguments, string folder, byte[] input)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            return null;
        }
        using (process)
        {
            try
            {
                var output = process.StandardOutput.ReadToEndAsync(patience.Token);
                var errors = process.StandardError.ReadToEndAsync(patience.Token);
                await process.StandardInput.BaseStream.WriteAsync(input, patience.Token);
                process.StandardInput.Close();
                await process.WaitForExitAsync(patience.Token);
                process.ExitCode.ShouldBe(0, await errors);
                return JsonElement.Parse(await output);
            }
            finally
            {
                if (!process.HasExited)
                    process.Kill(entireProcessTree: true);
            }
        }
    }
}
