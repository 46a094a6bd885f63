using Dapr.Workflow;
using KestrelVoice.Workflow.Tests.Harness;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KestrelVoice.Workflow.Tests.Worker;

public sealed class ContextTests
{
    [Fact]
    public void New_ids_are_new_and_the_same_in_each_run()
    {
        var order = Instance.Of(async context =>
        {
            var before = context.NewGuid();
            await context.CallActivityAsync("A");
            return new[] { before, context.NewGuid() };
        });
        order.Take();

        order.Take(Happened.Completed(0));

        var ids = order.Outcome!.Result.Trim('[', ']').Split(',').Select(text => Guid.Parse(text.Trim('"'))).ToList();
        ids.Distinct().Count().ShouldBe(2);
        ids.ShouldAllBe(id => id.Version == 8);
        Instance.Of(context => Task.FromResult(context.NewGuid())).Try().Actions[0].CompleteWorkflow.Result.ShouldBe($"\"{ids[0]}\"");
    }

    [Fact]
    public void The_status_stays_until_it_is_set_again_and_nothing_clears_it()
    {
        var order = Instance.Of(async context =>
        {
            context.SetCustomStatus(new { Step = 1 });
            await context.CallActivityAsync("A");
            await context.CallActivityAsync("B");
            context.SetCustomStatus(null);
            await context.CallActivityAsync("C");
            return "";
        });

        order.Take();
        order.CustomStatus.ShouldBe("""{"step":1}""");
        order.Take(Happened.Completed(0));
        order.CustomStatus.ShouldBe("""{"step":1}""");
        order.Take(Happened.Completed(1));
        order.CustomStatus.ShouldBeNull();
    }

    [Fact]
    public void A_replay_safe_logger_says_each_thing_once()
    {
        var diary = new Diary();
        var order = Observed(diary, async context =>
        {
            var logger = context.CreateReplaySafeLogger<ContextTests>();
            logger.LogInformation("one");
            await context.CallActivityAsync("A");
            context.CreateReplaySafeLogger("any").LogInformation("two");
            context.CreateReplaySafeLogger(context.GetType()).IsEnabled(LogLevel.Information).ShouldBe(!context.IsReplaying);
            await context.CallActivityAsync("B");
            logger.LogInformation("three");
            return "";
        });

        order.Take();
        order.Take(Happened.Completed(0));
        order.Take(Happened.Completed(1));

        diary.Lines.ShouldBe(["one", "two", "three"]);
    }

    [Fact]
    public void The_context_knows_the_instance()
    {
        var order = Instance.Of(context => Task.FromResult($"{context.Name} {context.InstanceId}"));

        order.Take();

        order.Outcome!.Result.ShouldBe("\"Order order-1\"");
    }

    [Fact]
    public void A_patch_counts_for_instances_that_reach_it_first_with_the_patched_code()
    {
        var order = Instance.Of(async context =>
        {
            await context.CallActivityAsync("A");
            return context.IsPatched("p2") ? await context.CallActivityAsync<string>("New") : await context.CallActivityAsync<string>("Old");
        });
        order.Take();

        order.Try(Happened.Completed(0)).Version.Patches.ShouldBe(["p2"]);
        order.Take(Happened.Completed(0)).Single().ScheduleTask.Name.ShouldBe("New");

        // The patch is in history now, so the code passes there in the same way.
        order.History.Count(happened => happened.WorkflowStarted?.Version is not null).ShouldBe(1);
        order.Take(Happened.Completed(1, "\"new\""));
        order.Outcome!.Result.ShouldBe("\"new\"");
    }

    [Fact]
    public void A_patch_does_not_count_for_instances_that_passed_it_before()
    {
        var order = Instance.Of(async context =>
        {
            var patched = context.IsPatched("p1");
            await context.CallActivityAsync("A");
            return patched || context.IsPatched("p1");
        }).After(Happened.TurnStarted(), Happened.Started("Order"), Happened.ActivityScheduled(0, "A"));

        order.Try(Happened.Completed(0)).Version.ShouldBeNull();
        order.Take(Happened.Completed(0));

        order.Outcome!.Result.ShouldBe("false");
    }

    [Fact]
    public void Patches_are_told_in_the_order_in_which_they_were_asked_for()
    {
        var order = Instance.Of(async context =>
        {
            context.IsPatched("b").ShouldBeTrue();
            context.IsPatched("a").ShouldBeTrue();
            context.IsPatched("b").ShouldBeTrue();
            await context.CallActivityAsync("A");
            return context.IsPatched("c");
        });

        order.Try().Version.Patches.ShouldBe(["b", "a"]);
        order.Take();
        order.Try(Happened.Completed(0)).Version.Patches.ShouldBe(["b", "a", "c"]);
    }

    [Fact]
    public void Code_that_knows_no_patch_that_history_holds_says_so()
    {
        var order = Instance.Of(context => context.CallActivityAsync<string>("A"))
            .After(Happened.TurnStarted(null, "p1"), Happened.Started("Order"), Happened.ActivityScheduled(0, "A"));

        order.Try().Version.Patches.ShouldBeEmpty();
        order.Try(Happened.Terminated()).Version.ShouldBeNull();
    }

    private static Instance Observed(Diary diary, Func<WorkflowContext, Task<string>> code)
    {
        var options = new WorkflowRuntimeOptions();
        options.RegisterWorkflow<object?, string>("Order", (context, _) => code(context));
        return new("Order", name => options.Registry.MakeWorkflow(name, null!)) { Loggers = diary };
    }

    private sealed class Diary : ILoggerFactory, ILogger
    {
        public List<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => NullLogger.Instance.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
