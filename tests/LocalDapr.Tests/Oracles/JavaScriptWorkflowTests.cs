using System.Globalization;
using System.Text.Json;
using KestrelVoice.LocalDapr.Tests.Harness;

namespace KestrelVoice.LocalDapr.Tests.Oracles;

/// <summary>The stock durable-task worker and client for JavaScript, which know nothing of ours and speak an older protocol.</summary>
public sealed class JavaScriptWorkflowTests
{
    [Fact]
    public async Task The_stock_worker_and_client_do_all_they_can()
    {
        await using var run = await new DaprRun().WithApp("host").StartAsync();

        var seen = await NodeOracle.AskAsync("dapr/workflows.mjs", run.GrpcPort("host").ToString(CultureInfo.InvariantCulture));

        Outcome(seen, "empty").ShouldBe(("COMPLETED", null));
        Outcome(seen, "sequence").ShouldBe(("COMPLETED", "[1,2,3,4,5,6,7,8,9,10,11]"));
        Outcome(seen, "fanOut").ShouldBe(("COMPLETED", "65"));
        Outcome(seen, "child").ShouldBe(("COMPLETED", "2"));
        Outcome(seen, "children").ShouldBe(("COMPLETED", "[1,2,3,4,5]"));
        Outcome(seen, "events").ShouldBe(("COMPLETED", """["a","b","c"]"""));
        Outcome(seen, "timer").ShouldBe(("COMPLETED", "\"rang\""));
        seen.GetProperty("timer").GetProperty("lived").GetDouble().ShouldBeGreaterThanOrEqualTo(3000);
        Outcome(seen, "approved").ShouldBe(("COMPLETED", "\"approved\""));
        Outcome(seen, "timedOut").ShouldBe(("COMPLETED", "\"timed out\""));
        Outcome(seen, "terminated").ShouldBe(("TERMINATED", "\"some reason for termination\""));
        seen.GetProperty("terminated").GetProperty("started").GetString().ShouldBe("RUNNING");
        Outcome(seen, "generations").ShouldBe(("COMPLETED", "10"));
        Outcome(seen, "pure").ShouldBe(("COMPLETED", "42"));
        seen.GetProperty("pure").GetProperty("input").GetString().ShouldBe("21");
        seen.GetProperty("purged").ToString().ShouldBe("""{"deletedInstanceCount":1,"left":"nothing"}""");
        seen.GetProperty("suspended").GetProperty("suspended").GetString().ShouldBe("SUSPENDED", seen.ToString());
        Outcome(seen, "suspended").ShouldBe(("COMPLETED", """["slow","after","heard"]"""));
        seen.GetProperty("suspended").GetProperty("ran").ToString().ShouldBe("""{"slow":1,"after":1}""");
        // A real sidecar knows no purge by criteria.
        if (!DaprRun.IsReal)
            seen.GetProperty("purgedByCriteria").ToString().ShouldBe("""{"failed":0,"completed":2}""");
    }

    private static (string?, string?) Outcome(JsonElement seen, string name)
    {
        var outcome = seen.GetProperty(name);
        outcome.TryGetProperty("error", out _).ShouldBeFalse(outcome.ToString());
        outcome.TryGetProperty("failure", out _).ShouldBeFalse(outcome.ToString());
        return (outcome.GetProperty("status").GetString(), outcome.TryGetProperty("output", out var output) ? output.GetString() : null);
    }
}
