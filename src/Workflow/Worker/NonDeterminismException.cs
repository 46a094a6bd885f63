namespace Dapr.Workflow.Worker;

/// <summary>Workflow code and history disagree; catching it in the workflow changes nothing.</summary>
internal sealed class NonDeterminismException(string message) : Exception(message);
