
namespace KestrelVoice.Bench.Reads;

/// <summary>The first page beside the least that it could cost, beside what others build with, and beside the other reads that are told by it.</summary>
internal static class Comparisons
{
    private const string Bare = "bare ASP.NET + Npgsql";
    private const string Cookie = "list, session cookie";
    private const string Key = "list, API key";
    private const string Unchanged = "list, API key, unchanged (304)";
    private const string Analytics = "analytics, 90 days";
    private const string Next = "Next.js";
    private const string Fastify = "Fastify";

    private sealed record Wanted(string One, string Other, string Measure, Target Target);

    private static readonly IReadOnlyList<Wanted> Ratios =
    [
        new(Cookie, Bare, "rate", Target.AtLeast(0.80)),
        new(Key, Bare, "rate", Target.AtLeast(0.80)),
        new(Cookie, Next, "rate", Target.AtLeast(10)),
        new(Key, Next, "rate", Target.AtLeast(10)),
        new(Cookie, Fastify, "rate", Target.AtLeast(2.5)),
        new(Key, Fastify, "rate", Target.AtLeast(2.5)),
        new(Unchanged, Key, "rate", Target.AtLeast(3)),
        new(Analytics, Key, "time", Target.AtMost(1.5)),
    ];

    public static async Task RunAsync(SeededStack stack, IReadOnlyList<Turns> schedules, CancellationToken cancellationToken)
    {
        await using var bare = await BareProcess.StartAsync(stack.Stack, stack.TenantId, cancellationToken);
        await using var peers = await Peers.StartAsync(stack, cancellationToken);
        var unchanged = await Catalogue.UnchangedAsync(stack, Unchanged, cancellationToken);
        foreach (var schedule in schedules)
        {
            // A session lasts an hour, and so may a schedule.
            var cookie = await SessionCookie.SignInAsync(stack.Stack, cancellationToken);
            var sameList = new[]
            {
                new Probe(Bare, [new Uri(bare.Url, "/list")], new Dictionary<string, string>(), bare.Id, stack.Stack.PostgresProcessId),
                stack.Of(Cookie, ["/api/call-logs?limit=20"], "Cookie", cookie),
                stack.ByKey(Key, ["/api/call-logs?limit=20"]),
                peers.Find(Next),
                peers.Find(Fastify),
            }.OfType<Probe>().ToArray();
            await CheckAsync(sameList, cancellationToken);
            var others = new[] { unchanged.Found, stack.ByKey(Analytics, ["/api/analytics?range=90d&interval=day"]) }.OfType<Probe>();
            var turns = (await schedule.TakeAsync([.. sameList, .. others], cancellationToken)).ToDictionary(probe => probe.Key.Name, probe => probe.Value);
            await WriteAsync(turns, unchanged.Absent, $"{stack.Size} calls, {schedule.Connections} connections");
        }
    }

    // Whoever says less has less to do.
    private static async Task CheckAsync(Probe[] probes, CancellationToken cancellationToken)
    {
        using var client = new HttpClient();
        var bare = await probes[0].MembersAsync(client, cancellationToken);
        foreach (var probe in probes.Skip(1))
        {
            var members = await probe.MembersAsync(client, cancellationToken);
            if (!members.SetEquals(bare))
                throw new InvalidOperationException($"{probe.Name} answers otherwise than {probes[0].Name}: {string.Join(", ", members.Except(bare).Union(bare.Except(members)))}");
        }
    }

    private static async Task WriteAsync(Dictionary<string, Turn[]> turns, string unchanged, string where)
    {
        var figures = new Report(Console.Out, $"The first page and its like, {where}", "", "requests/s", "p50 ms", "p99 ms", "server CPU µs", "PostgreSQL CPU µs", "failures");
        foreach (var (name, own) in turns)
            figures.Add(
                name, Report.Median(own, turn => turn.RequestsPerSecond), Report.Median(own, turn => turn.P50Milliseconds, "F2"),
                Report.Median(own, turn => turn.P99Milliseconds, "F2"), Report.Median(own, turn => turn.ServerMicroseconds),
                Report.Median(own, turn => turn.DatabaseMicroseconds), $"{own.Sum(turn => turn.Failures)}");
        await figures.WriteAsync();

        var ratios = new Report(Console.Out, $"Ratios, {where}", "", "median (min..max)", "target", "", "of CPU µs");
        foreach (var (one, other, measure, target) in Ratios)
        {
            var what = $"{measure} of {one} / {other}";
            if (turns.GetValueOrDefault(one) is { } first && turns.GetValueOrDefault(other) is { } second)
            {
                var ratio = Ratio.Of(first, second, turn => measure == "rate" ? turn.RequestsPerSecond : turn.MillisecondsARequest);
                ratios.Add(what, $"{ratio}", $"{target}", target.Verdict(ratio, first, second), $"{Ratio.Of(first, second, turn => turn.Microseconds)}");
            }
            else
            {
                ratios.Add(what, one == Unchanged ? unchanged : "not built, see bench/reads.sh", $"{target}", "missed", "");
            }
        }
        await ratios.WriteAsync();
    }
}
