using FsCheck;
using FsCheck.Fluent;

namespace KestrelVoice.Workflow.Tests.Plans;

public sealed class PlanProperties
{
    [Fact]
    public void However_a_sidecar_orders_things_a_workflow_comes_to_the_same() => Check(200, (plan, seed) => RunAsync(plan, seed, _ => false));

    [Fact]
    public void A_worker_that_dies_at_any_step_changes_nothing() => Check(30, async (plan, seed) =>
    {
        var steps = await RunAsync(plan, seed, _ => false);
        for (var fatal = 1; fatal <= steps; fatal++)
            await RunAsync(plan, seed, step => step == fatal);
    });

    [Fact]
    public void Workers_that_die_at_every_other_step_change_nothing() => Check(100, async (plan, seed) =>
    {
        var deaths = new Random(seed);
        await RunAsync(plan, seed, _ => deaths.Next(2) == 0);
    });

    private static async Task<int> RunAsync(Plan plan, int seed, Func<int, bool> dies)
    {
        var world = new PlanWorld();
        var (result, steps) = await ModelSidecar.RunAsync(world, plan, seed, dies);
        result.ShouldBe(plan.Expected);
        // Each scheduled run has a key of its own, and its repetitions have the same one.
        world.Attempts.ShouldBe(plan.Attempts, ignoreOrder: true);
        return steps;
    }

    private static void Check(int plans, Func<Plan, int, Task> property) => Prop
        .ForAll(
            Arb.From(
                from choices in Gen.ArrayOf(Gen.Choose(0, 9999), 40)
                from seed in Gen.Choose(0, int.MaxValue - 1)
                select (Plan: Plan.Of(choices), Seed: seed)),
            drawn => property(drawn.Plan, drawn.Seed).GetAwaiter().GetResult())
        .Check(Config.QuickThrowOnFailure.WithMaxTest(plans).WithQuietOnSuccess(true));
}
