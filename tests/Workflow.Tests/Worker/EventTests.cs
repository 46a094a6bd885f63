using KestrelVoice.TaskHub;
using KestrelVoice.Workflow.Tests.Harness;

namespace KestrelVoice.Workflow.Tests.Worker;

public sealed class EventTests
{
    [Fact]
    public void An_event_is_found_whatever_its_case()
    {
        var order = Instance.Of(context => context.WaitForExternalEventAsync<string>("Approved"));
        order.Take().ShouldBeEmpty();

        order.Take(Happened.Raised("aPPROVED", "\"by Ada\""));

        order.Outcome!.Result.ShouldBe("\"by Ada\"");
    }

    [Fact]
    public void Events_that_come_before_the_wait_are_kept_oldest_first()
    {
        var order = Instance.Of(async context =>
        {
            await context.CallActivityAsync("A");
            return await context.WaitForExternalEventAsync<string>("e") + await context.WaitForExternalEventAsync<string>("E");
        });
        order.Take(Happened.Raised("e", "\"1\""));
        order.Take(Happened.Raised("e", "\"2\""), Happened.Raised("other"));

        order.Take(Happened.Completed(0));

        order.Outcome!.Result.ShouldBe("\"12\"");
    }

    [Fact]
    public void Of_two_that_wait_the_first_is_served_first()
    {
        var order = Instance.Of(async context =>
        {
            var both = await Task.WhenAll(context.WaitForExternalEventAsync<string>("e"), context.WaitForExternalEventAsync<string>("e"));
            return string.Join(',', both);
        });
        order.Take();
        order.Take(Happened.Raised("e", "\"1\"")).ShouldBeEmpty();

        order.Take(Happened.Raised("e", "\"2\""));

        order.Outcome!.Result.ShouldBe("\"1,2\"");
    }

    [Fact]
    public void A_wait_that_is_cancelled_leaves_the_event_to_the_next()
    {
        var order = Instance.Of(async context =>
        {
            using var cancel = new CancellationTokenSource();
            var given = context.WaitForExternalEventAsync<string>("e", cancel.Token);
            await context.CallActivityAsync("A");
            await cancel.CancelAsync();
            return await context.WaitForExternalEventAsync<string>("e") + given.IsCanceled;
        });
        order.Take();
        order.Take(Happened.Completed(0));

        order.Take(Happened.Raised("e", "\"1\""));

        order.Outcome!.Result.ShouldBe("\"1True\"");
    }

    [Fact]
    public void An_event_in_time_makes_its_timer_needless()
    {
        var order = Instance.Of(async context =>
        {
            var text = await context.WaitForExternalEventAsync<string>("Approved", TimeSpan.FromMinutes(5));
            return text + await context.CallActivityAsync<string>("A");
        });

        var timer = order.Take().ShouldHaveSingleItem();
        timer.CreateTimer.FireAt.ToDateTime().ShouldBe(Happened.Noon.AddMinutes(5));
        timer.CreateTimer.Name.ShouldBe("Approved");
        timer.CreateTimer.ExternalEvent.Name.ShouldBe("Approved");
        order.Take(Happened.Raised("approved", "\"1\"")).ShouldHaveSingleItem().Id.ShouldBe(1);
        order.Take(Happened.Fired(0)).ShouldBeEmpty();

        order.Take(Happened.Completed(1, "\"2\""));
        order.Outcome!.Result.ShouldBe("\"12\"");
    }

    [Fact]
    public void An_event_that_is_late_is_left_to_the_next()
    {
        var order = Instance.Of(async context =>
        {
            try
            {
                return await context.WaitForExternalEventAsync<string>("e", TimeSpan.FromMinutes(5));
            }
            catch (TaskCanceledException)
            {
                return "late: " + await context.WaitForExternalEventAsync<string>("e");
            }
        });
        order.Take();

        order.Take(Happened.Fired(0), Happened.Raised("e", "\"1\""));

        order.Outcome!.Result.ShouldBe("\"late: 1\"");
    }

    [Fact]
    public void The_event_wins_that_came_before_its_timer_in_the_same_turn()
    {
        var order = Instance.Of(context => context.WaitForExternalEventAsync<string>("e", TimeSpan.FromMinutes(5)));
        order.Take();

        order.Take(Happened.Raised("e", "\"1\""), Happened.Fired(0));

        order.Outcome!.Result.ShouldBe("\"1\"");
    }

    [Fact]
    public void No_time_is_over_at_once_and_negative_time_never()
    {
        var order = Instance.Of(async context =>
        {
            context.WaitForExternalEventAsync<string>("e", TimeSpan.Zero).IsCanceled.ShouldBeTrue();
            return await context.WaitForExternalEventAsync<string>("e", Timeout.InfiniteTimeSpan);
        });
        order.Take().ShouldBeEmpty();

        order.Take(Happened.Raised("e", "\"1\""));

        order.Outcome!.Result.ShouldBe("\"1\"");
    }

    [Fact]
    public void An_event_without_a_payload_is_nothing()
    {
        var order = Instance.Of(async context => await context.WaitForExternalEventAsync<string>("e") is null && await context.WaitForExternalEventAsync<int>("n") == 0);
        order.Take();

        order.Take(Happened.Raised("e"), Happened.Raised("n", ""));

        order.Outcome!.Result.ShouldBe("true");
    }

    [Fact]
    public void A_wait_without_end_that_another_sdk_recorded_as_a_timer_keeps_the_numbers_of_its_steps()
    {
        var past = new[]
        {
            Happened.TurnStarted(),
            Happened.Started("Order"),
            new HistoryEvent { EventId = 0, TimerCreated = new() { FireAt = new() { Seconds = 253_402_300_799, Nanos = 999_999_999 }, ExternalEvent = new() { Name = "e" } } },
            Happened.TurnStarted(),
            Happened.Raised("e", "\"1\""),
            Happened.ActivityScheduled(1, "A"),
        };
        var order = Instance.Of(async context => await context.WaitForExternalEventAsync<string>("E") + await context.CallActivityAsync<string>("A")).After(past);

        order.Take(Happened.Completed(1, "\"2\""));

        order.Outcome!.Result.ShouldBe("\"12\"");
    }

    [Fact]
    public void Events_are_not_sent_by_workflow_code()
    {
        var order = Instance.Of<object?>(context =>
        {
            context.SendEvent("order-2", "e", "payload");
            return Task.FromResult<object?>(null);
        });

        order.Take();

        order.Outcome!.FailureDetails.ErrorType.ShouldBe("System.NotSupportedException");
    }
}
