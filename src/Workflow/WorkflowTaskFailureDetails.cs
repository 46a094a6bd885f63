namespace Dapr.Workflow;

/// <summary>Why a workflow, an activity or a child workflow failed, as it was written down.</summary>
/// <param name="errorType">The full name of the exception's type, or an error name of another SDK or of the sidecar.</param>
/// <param name="errorMessage">Its message.</param>
/// <param name="stackTrace">Where it was thrown, if that is known.</param>
public sealed class WorkflowTaskFailureDetails(string errorType, string errorMessage, string? stackTrace = null)
{
    /// <summary>The full name of the exception's type, or an error name of another SDK or of the sidecar.</summary>
    public string ErrorType { get; } = errorType;

    /// <summary>The exception's message.</summary>
    public string ErrorMessage { get; } = errorMessage;

    /// <summary>Where it was thrown, if that is known.</summary>
    public string? StackTrace { get; } = stackTrace;

    internal bool IsNonRetriable { get; init; }

    internal WorkflowTaskFailureDetails? InnerFailure { get; init; }

    // Names come from anywhere, and some of them would make the runtime look for assemblies.
    private bool IsTypeName => ErrorType.Length > 0 && ErrorType.All(letter => char.IsLetterOrDigit(letter) || letter is '.' or '+' or '_' or '`');

    /// <summary>Whether the failure was an exception of this type, or of one derived from it that this process knows.</summary>
    public bool IsCausedBy<T>()
        where T : Exception =>
        ErrorType == typeof(T).FullName
        || (IsTypeName && AppDomain.CurrentDomain.GetAssemblies().Any(assembly => !assembly.IsDynamic && typeof(T).IsAssignableFrom(assembly.GetType(ErrorType))));

    /// <summary>Type and message.</summary>
    public override string ToString() => $"{ErrorType}: {ErrorMessage}";
}
