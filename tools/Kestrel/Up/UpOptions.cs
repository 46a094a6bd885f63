namespace KestrelVoice.Cli.Up;

/// <summary>Which program serves the sidecars.</summary>
internal enum DaprKind
{
    Local,
    Cli,
}

/// <summary>How <c>up</c> was asked.</summary>
/// <param name="PortBase">Where the ports start.</param>
/// <param name="Dapr">Null: the Dapr CLI when it is installed and initialised, else LocalDapr.</param>
/// <param name="DemoData">Whether past calls are made up, so that lists are not empty.</param>
/// <param name="Build">Whether the apps are built first.</param>
internal sealed record UpOptions(int PortBase, DaprKind? Dapr, bool DemoData, bool Build);
