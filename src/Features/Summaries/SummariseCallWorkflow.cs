using Dapr.Workflow;
using KestrelVoice.Features.Summaries.Engines;

namespace KestrelVoice.Features.Summaries;

/// <summary>
/// From the turns of a call to its summary. The steps leave what they find in the database and return at most why an engine failed:
/// the history of a workflow is no place for what callers say.
/// </summary>
internal sealed class SummariseCallWorkflow : Workflow<SummariseCallWorkflow.Input, SummariseCallWorkflow.Result>
{
    internal sealed record Input(Guid TenantId, Guid CallId);

    internal sealed record Result(string Status);

    private const int PartsAtOnce = 4;

    // What fails here is the database, for as long as it restarts; an engine that fails is a result.
    private static readonly WorkflowTaskOptions Patiently =
        new(new WorkflowRetryPolicy(8, TimeSpan.FromSeconds(1), backoffCoefficient: 2, maxRetryInterval: TimeSpan.FromSeconds(30)));

    public override async Task<Result> RunAsync(WorkflowContext context, Input input)
    {
        try
        {
            var plan = await context.CallActivityAsync<SummaryPlan>(nameof(SplitCallActivity), input, Patiently);
            if (plan.AlreadyOver)
                return new Result("over");

            var engines = new EngineChoice(context, input, plan);
            await context.ProcessInParallelAsync(
                Enumerable.Range(1, plan.Parts), part => engines.AskAsync(nameof(SummarisePartActivity), part), PartsAtOnce);
            await Task.WhenAll(engines.AskAsync(nameof(CombinePartsActivity)), engines.AskAsync(nameof(ExtractFieldsActivity)));

            await context.CallActivityAsync(nameof(FinishSummaryActivity), new SummaryEnd(input.TenantId, input.CallId, Failed: false), Patiently);
            return new Result("ready");
        }
        catch (Exception failure) when (failure is WorkflowTaskFailedException or AggregateException)
        {
            await context.CallActivityAsync(nameof(FinishSummaryActivity), new SummaryEnd(input.TenantId, input.CallId, Failed: true), Patiently);
            return new Result("failed");
        }
    }

    /// <summary>Asks the model while that makes sense, and the offline engine in its place when it does not.</summary>
    private sealed class EngineChoice(WorkflowContext context, Input input, SummaryPlan plan)
    {
        private readonly Task _timeUp = plan.UsesModel ? context.CreateTimer(plan.TimeLimit) : Task.CompletedTask;
        private string? _gone;

        public async Task<bool> AskAsync(string activity, int part = 0)
        {
            var problem = plan.UsesModel ? await AskModelAsync(activity, part) : null;
            if (plan.UsesModel && problem is null)
                return true;
            await context.CallActivityAsync<string?>(activity, new SummaryStep(input.TenantId, input.CallId, part, Offline: true, problem), Patiently);
            return false;
        }

        private async Task<string?> AskModelAsync(string activity, int part)
        {
            if (_timeUp.IsCompleted)
                return EngineProblem.TimeLimit;
            if (_gone is not null)
                return _gone;

            var asked = context.CallActivityAsync<string?>(activity, new SummaryStep(input.TenantId, input.CallId, part, Offline: false, Problem: null), Patiently);
            if (await Task.WhenAny(asked, _timeUp) != asked)
                return EngineProblem.TimeLimit;
            var problem = await asked;
            // The others would get the same answer, later.
            if (problem is EngineProblem.Refused or EngineProblem.Unavailable)
                _gone = problem;
            return problem;
        }
    }
}

/// <summary>How a call is to be summarised.</summary>
/// <param name="AlreadyOver">There is nothing to do: the summary is there, or the call is not.</param>
internal sealed record SummaryPlan(bool AlreadyOver, int Parts, bool UsesModel, TimeSpan TimeLimit);

/// <summary>One step of one call's summary.</summary>
/// <param name="Part">From 1; 0 for steps that concern the whole call.</param>
/// <param name="Problem">Why the offline engine does it in the model's place.</param>
internal sealed record SummaryStep(Guid TenantId, Guid CallId, int Part, bool Offline, string? Problem);

internal sealed record SummaryEnd(Guid TenantId, Guid CallId, bool Failed);
