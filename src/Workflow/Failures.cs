using KestrelVoice.TaskHub;

namespace Dapr.Workflow;

/// <summary>Exceptions as the protocol writes them down.</summary>
internal static class Failures
{
    public static TaskFailureDetails Of(Exception failure) => new()
    {
        ErrorType = failure.GetType().FullName,
        ErrorMessage = failure.Message,
        StackTrace = failure.StackTrace,
        InnerFailure = failure switch
        {
            WorkflowTaskFailedException task => Write(task.FailureDetails),
            { InnerException: { } inner } => Of(inner),
            _ => null,
        },
    };

    public static TaskFailureDetails Of(string errorType, string message, bool isNonRetriable = false) =>
        new() { ErrorType = errorType, ErrorMessage = message, IsNonRetriable = isNonRetriable };

    public static WorkflowTaskFailureDetails? Read(TaskFailureDetails? details) => details is null ? null
        : new(details.ErrorType, details.ErrorMessage, details.StackTrace) { IsNonRetriable = details.IsNonRetriable, InnerFailure = Read(details.InnerFailure) };

    private static TaskFailureDetails Write(WorkflowTaskFailureDetails details) => new()
    {
        ErrorType = details.ErrorType,
        ErrorMessage = details.ErrorMessage,
        StackTrace = details.StackTrace,
        IsNonRetriable = details.IsNonRetriable,
        InnerFailure = details.InnerFailure is { } inner ? Write(inner) : null,
    };
}
