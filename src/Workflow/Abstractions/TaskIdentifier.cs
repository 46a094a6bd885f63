namespace Dapr.Workflow.Abstractions;

/// <summary>The registered name of a workflow or an activity.</summary>
/// <param name="Name">Compared without regard to case where names are looked up.</param>
public readonly record struct TaskIdentifier(string Name)
{
    /// <summary>The identifier of a name.</summary>
    public static implicit operator TaskIdentifier(string name) => new(name);

    /// <summary>The name.</summary>
    public static implicit operator string(TaskIdentifier identifier) => identifier.Name;

    /// <inheritdoc/>
    public override string ToString() => Name;
}
