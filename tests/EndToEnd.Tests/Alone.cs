namespace KestrelVoice.EndToEnd.Tests;

/// <summary>Tests that load the machine so much that nothing is asked of it at the same time.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
