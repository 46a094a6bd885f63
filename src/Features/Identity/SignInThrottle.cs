using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Identity;

/// <summary>An allowance of wrong passwords per account and per address that grows back slowly; right ones cost nothing.</summary>
internal sealed class SignInThrottle(IOptions<AuthOptions> options, TimeProvider clock)
{
    private const int MostKeys = 50_000;
    private readonly Lock _lock = new();

    // For each key the moment at which its allowance is whole again.
    private readonly Dictionary<string, DateTimeOffset> _wholeAt = new(StringComparer.Ordinal);

    /// <summary>Takes an attempt in advance, so that attempts at the same time count too; <see cref="GiveBack"/> after a right password.</summary>
    /// <returns>Null when the attempt may be made, else how long to wait.</returns>
    internal TimeSpan? Take(string account, IPAddress? address)
    {
        var limits = options.Value.SignIn;
        lock (_lock)
        {
            var now = clock.GetUtcNow();
            MakeRoom(now);
            var wait = Max(
                Wait(AccountKey(account), limits.FailuresPerAccount, limits.AccountRecovery, now),
                Wait(AddressKey(address), limits.FailuresPerAddress, limits.AddressRecovery, now));
            if (wait > TimeSpan.Zero)
                return wait;
            Move(AccountKey(account), limits.AccountRecovery, now);
            Move(AddressKey(address), limits.AddressRecovery, now);
            return null;
        }
    }

    internal void GiveBack(string account, IPAddress? address)
    {
        lock (_lock)
        {
            var now = clock.GetUtcNow();
            Move(AccountKey(account), -options.Value.SignIn.AccountRecovery, now);
            Move(AddressKey(address), -options.Value.SignIn.AddressRecovery, now);
        }
    }

    private TimeSpan Wait(string key, int allowance, TimeSpan recovery, DateTimeOffset now) =>
        WholeAt(key, now) + recovery - now - (allowance * recovery);

    private void Move(string key, TimeSpan by, DateTimeOffset now)
    {
        var wholeAt = WholeAt(key, now) + by;
        if (wholeAt > now)
            _wholeAt[key] = wholeAt;
        else
            _wholeAt.Remove(key);
    }

    private DateTimeOffset WholeAt(string key, DateTimeOffset now) => _wholeAt.TryGetValue(key, out var at) && at > now ? at : now;

    private void MakeRoom(DateTimeOffset now)
    {
        if (_wholeAt.Count < MostKeys)
            return;
        foreach (var key in _wholeAt.Where(entry => entry.Value <= now).Select(entry => entry.Key).ToList())
            _wholeAt.Remove(key);
        foreach (var key in _wholeAt.OrderBy(entry => entry.Value).Take(_wholeAt.Count - (MostKeys / 2)).Select(entry => entry.Key).ToList())
            _wholeAt.Remove(key);
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static string AccountKey(string account) => "account:" + account;

    // Whoever has one IPv6 address has its whole /64.
    private static string AddressKey(IPAddress? address)
    {
        if (address is { IsIPv4MappedToIPv6: true })
            address = address.MapToIPv4();
        return address is { AddressFamily: AddressFamily.InterNetworkV6 }
            ? "address:" + Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8))
            : "address:" + address;
    }
}
