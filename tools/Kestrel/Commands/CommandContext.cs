using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Output;

namespace KestrelVoice.Cli.Commands;

/// <summary>What a command works with.</summary>
internal sealed record CommandContext(KestrelHome Home, Terminal Terminal, StopRequest Stop);
