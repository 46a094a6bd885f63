namespace KestrelVoice.Workflow.Tests.Plans;

internal enum StepKind
{
    Echo,
    Flaky,
    Broken,
    Timer,
    Event,
    EventInTime,
    EventTooLate,
    Race,
    NewId,
    Patch,
    Parallel,
    Child,
    BrokenChild,
}

/// <summary>Something that a workflow may do.</summary>
/// <param name="Label">Like no other in its plan.</param>
/// <param name="Failures">How many attempts fail before one succeeds.</param>
internal sealed record Step(StepKind Kind, string Label, int Failures = 0, Step[]? Inner = null);

/// <summary>What one workflow does, as its own input: some steps, then afresh with some more.</summary>
/// <param name="Runs">Each after the first by continuing as new.</param>
internal sealed record Plan(Step[][] Runs, int Run = 0, string SoFar = "")
{
    private const int MostSteps = 5;
    private const int MostRuns = 3;

    /// <summary>What it comes to, if nothing goes wrong.</summary>
    public string Expected => string.Concat(Runs.SelectMany(steps => steps).Select(ExpectedOf));

    public IEnumerable<Step> All => Runs.SelectMany(steps => steps).SelectMany(Flat);

    /// <summary>The events that it waits for.</summary>
    public IEnumerable<string> Events => All.Where(step => step.Kind is StepKind.Event or StepKind.EventInTime).Select(step => step.Label);

    /// <summary>How often each activity is scheduled.</summary>
    public IReadOnlyDictionary<string, int> Attempts => All
        .Where(step => step.Kind is StepKind.Echo or StepKind.Flaky or StepKind.Broken or StepKind.Race or StepKind.NewId)
        .ToDictionary(step => step.Label, step => step.Failures + 1);

    /// <summary>The plan that some choices come to.</summary>
    public static Plan Of(IReadOnlyList<int> choices)
    {
        var next = 0;
        var labels = 0;
        return new([.. Enumerable.Range(0, 1 + Choose(MostRuns)).Select(_ => Steps(isRoot: true, depth: 0))]);

        int Choose(int count) => choices[next++ % choices.Count] % count;

        Step[] Steps(bool isRoot, int depth) => [.. Enumerable.Range(0, 1 + Choose(MostSteps)).Select(_ => Make(isRoot, depth))];

        Step Make(bool isRoot, int depth)
        {
            var kind = (StepKind)Choose(depth < 2 ? Enum.GetValues<StepKind>().Length : (int)StepKind.Parallel);
            if (!isRoot && kind is StepKind.Event or StepKind.EventInTime)
                kind = StepKind.Echo;
            var label = $"{(char)('a' + (labels % 26))}{labels++}";
            return new(kind, label, kind is StepKind.Flaky ? 1 + Choose(2) : 0, kind switch
            {
                StepKind.Parallel => Steps(isRoot, depth + 1),
                StepKind.Child => Steps(isRoot: false, depth + 1),
                _ => null,
            });
        }
    }

    public override string ToString() => string.Join(" | ", Runs.Select(steps => string.Join(' ', steps.Select(Describe))));

    private static IEnumerable<Step> Flat(Step step) => (step.Inner ?? []).SelectMany(Flat).Prepend(step);

    private static string Describe(Step step) => step.Inner is { } inner ? $"{step.Kind}({string.Join(' ', inner.Select(Describe))})" : $"{step.Kind}:{step.Label}";

    private static string ExpectedOf(Step step) => step.Kind switch
    {
        StepKind.Broken => $"[{step.Label} broke]",
        StepKind.BrokenChild => $"[{step.Label} child broke]",
        StepKind.EventTooLate => $"[{step.Label} missed]",
        StepKind.NewId => $"[{step.Label} same]",
        StepKind.Parallel => $"({string.Join(',', step.Inner!.Select(ExpectedOf))})",
        StepKind.Child => $"<{string.Concat(step.Inner!.Select(ExpectedOf))}>",
        _ => step.Label,
    };
}
