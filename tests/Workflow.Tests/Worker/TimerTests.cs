using Google.Protobuf.WellKnownTypes;
using KestrelVoice.TaskHub;
using KestrelVoice.Workflow.Tests.Harness;

namespace KestrelVoice.Workflow.Tests.Worker;

public sealed class TimerTests
{
    [Fact]
    public void A_delay_counts_from_the_time_of_the_turn()
    {
        var order = Instance.Of(async context =>
        {
            await context.CreateTimer(TimeSpan.FromMilliseconds(1500));
            await context.CreateTimer(TimeSpan.FromMilliseconds(1));
            return context.CurrentUtcDateTime;
        });

        var first = order.Take().ShouldHaveSingleItem().CreateTimer;
        first.FireAt.ToDateTime().ShouldBe(Happened.Noon.AddSeconds(1.5));
        first.HasName.ShouldBeFalse();
        first.CreateTimer.ShouldNotBeNull();
        order.Now = Happened.Noon.AddSeconds(2);
        order.Take(Happened.Fired(0)).ShouldHaveSingleItem().CreateTimer.FireAt.ToDateTime().ShouldBe(Happened.Noon.AddSeconds(2).AddMilliseconds(1));

        order.Now = Happened.Noon.AddSeconds(3);
        order.Take(Happened.Fired(1));
        order.Outcome!.Result.ShouldBe("\"2026-03-02T12:00:03Z\"");
    }

    [Fact]
    public void A_time_that_has_passed_is_left_to_the_sidecar()
    {
        var order = Instance.Of(async context =>
        {
            await Task.WhenAll(context.CreateTimer(Happened.Noon.AddYears(-1), CancellationToken.None), context.CreateTimer(TimeSpan.FromHours(-1)));
            return "";
        });

        order.Take().Select(action => action.CreateTimer.FireAt.ToDateTime()).ShouldBe([Happened.Noon.AddYears(-1), Happened.Noon]);
    }

    [Fact]
    public void A_time_must_say_that_it_is_utc()
    {
        var order = Instance.Of(async context =>
        {
            await context.CreateTimer(new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Local), CancellationToken.None);
            return "";
        });

        order.Take();

        order.Outcome!.FailureDetails.ErrorType.ShouldBe("System.ArgumentException");
    }

    [Fact]
    public void What_lies_beyond_all_time_never_comes_and_breaks_nothing()
    {
        var order = Instance.Of(async context =>
        {
            await Task.WhenAny(
                context.CreateTimer(Timeout.InfiniteTimeSpan),
                context.CreateTimer(TimeSpan.MaxValue),
                context.CreateTimer(DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc), CancellationToken.None),
                context.WaitForExternalEventAsync<string>("e", TimeSpan.MaxValue));
            return "";
        });

        var timers = order.Take();

        timers.Count.ShouldBe(4);
        timers.ShouldAllBe(timer => timer.CreateTimer.FireAt.Seconds == 253_402_300_799);
        order.Take(new HistoryEvent { TimerFired = new() { TimerId = 7, FireAt = new Timestamp { Seconds = 253_402_300_799, Nanos = 999_999_999 } } }).ShouldBeEmpty();
        order.Take(Happened.Raised("e"));
        order.Outcome.ShouldNotBeNull();
    }

    [Fact]
    public void A_cancelled_timer_is_over_and_what_the_sidecar_says_of_it_is_ignored()
    {
        var order = Instance.Of(async context =>
        {
            using var cancel = new CancellationTokenSource();
            var timer = context.CreateTimer(TimeSpan.FromHours(1), cancel.Token);
            await context.CallActivityAsync("A");
            await cancel.CancelAsync();
            try
            {
                await timer;
                return "not cancelled";
            }
            catch (TaskCanceledException)
            {
                await context.CallActivityAsync("B");
                return "done";
            }
        });
        order.Take().Count.ShouldBe(2);
        order.Take(Happened.Completed(1)).ShouldHaveSingleItem().Id.ShouldBe(2);

        order.Take(Happened.Fired(0)).ShouldBeEmpty();

        order.Take(Happened.Completed(2));
        order.Outcome!.Result.ShouldBe("\"done\"");
    }

    [Fact]
    public void Time_at_the_start_of_the_code_is_that_of_the_first_turn_in_each_run()
    {
        var order = Instance.Of(async context =>
        {
            var begun = context.CurrentUtcDateTime;
            await context.CallActivityAsync("A");
            return $"{begun:HH:mm} {context.CurrentUtcDateTime:HH:mm}";
        });
        order.Take();

        order.Now = Happened.Noon.AddHours(3);
        order.Take(Happened.Completed(0));

        order.Outcome!.Result.ShouldBe("\"12:00 15:00\"");
    }
}
