using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Dapr.Workflow.Serialization;

/// <summary>JSON as web APIs write it, fields included, as the official SDK does since 1.17.</summary>
internal sealed class JsonWorkflowSerializer(JsonSerializerOptions options) : IWorkflowSerializer
{
    private static readonly JsonSerializerOptions WebWithFields = new(JsonSerializerDefaults.Web) { IncludeFields = true };

    /// <summary>With the usual options.</summary>
    public JsonWorkflowSerializer()
        : this(WebWithFields)
    {
    }

    /// <inheritdoc/>
    public string Serialize(object? value, Type? inputType = null) => value is null ? "" : JsonSerializer.Serialize(value, inputType ?? value.GetType(), options);

    /// <inheritdoc/>
    public T? Deserialize<T>(string? data) => (T?)Deserialize(data, typeof(T));

    // The official SDK writes nothing as an empty text, the others write the word.
    /// <inheritdoc/>
    public object? Deserialize(string? data, Type returnType)
    {
        ArgumentNullException.ThrowIfNull(returnType);
        return string.IsNullOrEmpty(data) || data == "null"
            ? returnType.IsValueType && Nullable.GetUnderlyingType(returnType) is null ? RuntimeHelpers.GetUninitializedObject(returnType) : null
            : JsonSerializer.Deserialize(data, returnType, options);
    }
}
