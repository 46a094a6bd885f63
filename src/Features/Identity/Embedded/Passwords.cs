using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Identity.Embedded;

/// <summary>Password hashes: the framework's PBKDF2-SHA512, and the same work for an account that does not exist.</summary>
internal sealed class Passwords : IDisposable
{
    internal const int Shortest = 8;
    internal const int Longest = 256;
    private const int Iterations = 210_000;

    private readonly PasswordHasher<Passwords> _hasher;
    private readonly SemaphoreSlim _atOnce = new(Environment.ProcessorCount);
    private readonly string _nobodys;

    public Passwords() : this(Iterations) { }

    internal Passwords(int iterations)
    {
        _hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = iterations }));
        _nobodys = Hash(Guid.Empty.ToString());
    }

    internal enum Verdict
    {
        Wrong,
        Right,
        RightButOutdated,
    }

    internal string Hash(string password) => _hasher.HashPassword(this, password);

    /// <param name="hash">Null for an unknown account; the answer is then always wrong, and takes as long.</param>
    /// <param name="password">As it was typed.</param>
    /// <param name="cancellationToken">Gives up waiting for a processor.</param>
    internal async Task<Verdict> CheckAsync(string? hash, string password, CancellationToken cancellationToken)
    {
        if (password.Length > Longest)
            return Verdict.Wrong;
        // Hashing takes a whole processor; more at once would only slow every other request.
        await _atOnce.WaitAsync(cancellationToken);
        try
        {
            var result = _hasher.VerifyHashedPassword(this, hash ?? _nobodys, password);
            return (hash, result) switch
            {
                (null, _) or (_, PasswordVerificationResult.Failed) => Verdict.Wrong,
                (_, PasswordVerificationResult.SuccessRehashNeeded) => Verdict.RightButOutdated,
                _ => Verdict.Right,
            };
        }
        finally
        {
            _atOnce.Release();
        }
    }

    public void Dispose() => _atOnce.Dispose();
}
