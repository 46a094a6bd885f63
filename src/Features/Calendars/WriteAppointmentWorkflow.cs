using Dapr.Workflow;

namespace KestrelVoice.Features.Calendars;

/// <summary>Writes an appointment to its calendar, at once, and again until the calendar takes it.</summary>
internal sealed class WriteAppointmentWorkflow : Workflow<WriteAppointmentWorkflow.Input, string>
{
    /// <param name="Round">How often it was tried before.</param>
    internal sealed record Input(Guid TenantId, Guid AppointmentId, int Version, int Round);

    // Three days of them; what is changed after that is written anew.
    private const int MostRounds = 450;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(10);

    private static readonly WorkflowTaskOptions UntilTheDatabaseIsBack = new(new WorkflowRetryPolicy(
        maxNumberOfAttempts: 20, firstRetryInterval: TimeSpan.FromSeconds(1), backoffCoefficient: 2, maxRetryInterval: TimeSpan.FromMinutes(1)));

    public static string InstanceOf(Guid appointmentId, int version) => $"calendar-{appointmentId}-{version}";

    public override async Task<string> RunAsync(WorkflowContext context, Input input)
    {
        if (await context.CallActivityAsync<bool>(nameof(WriteAppointmentActivity), input, UntilTheDatabaseIsBack))
            return "written";
        if (input.Round >= MostRounds)
            return "given up";
        await context.CreateTimer(PauseAfter(input.Round), CancellationToken.None);
        // Each round begins with an empty history.
        context.ContinueAsNew(input with { Round = input.Round + 1 });
        return "waiting";
    }

    private static TimeSpan PauseAfter(int round) =>
        round > 6 ? LongestPause : FirstPause * Math.Pow(2, round);
}

internal sealed class WriteAppointmentActivity(AppointmentWriter writer) : WorkflowActivity<WriteAppointmentWorkflow.Input, bool>
{
    public override Task<bool> RunAsync(WorkflowActivityContext context, WriteAppointmentWorkflow.Input input) =>
        writer.WriteAsync(input.TenantId, input.AppointmentId, CancellationToken.None);
}
