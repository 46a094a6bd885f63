namespace KestrelVoice.Cli.Postgres;

/// <summary>Where a private PostgreSQL server lives and how careful it is.</summary>
/// <param name="Directory">Holds its data, its log and its superuser's password. Created when absent, kept between runs.</param>
/// <param name="Port">TCP port on 127.0.0.1; 0 takes a free one.</param>
public sealed record PostgresClusterOptions(string Directory, int Port = 0)
{
    /// <summary>Whether commits survive a power cut. Off is faster, for tests: a crash of the server alone then still loses nothing.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>Whether a server that a killed owner left running on this directory is stopped and replaced, instead of being refused.</summary>
    public bool TakeOver { get; init; }

    /// <summary>Whether everything on disk goes away with the object.</summary>
    public bool DeleteOnDispose { get; init; }

    /// <summary>How long a start may take, crash recovery included.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(2);
}
