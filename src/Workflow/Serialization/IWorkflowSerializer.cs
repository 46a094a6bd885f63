namespace Dapr.Workflow.Serialization;

/// <summary>Writes and reads inputs, results, events and custom statuses.</summary>
public interface IWorkflowSerializer
{
    /// <summary>The text of a value; null is the empty text.</summary>
    string Serialize(object? value, Type? inputType = null);

    /// <summary>The value of a text; the default of nothing.</summary>
    T? Deserialize<T>(string? data);

    /// <summary>The value of a text; the default of nothing.</summary>
    object? Deserialize(string? data, Type returnType);
}
