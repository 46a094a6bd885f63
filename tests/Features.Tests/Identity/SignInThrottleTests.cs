using System.Net;
using KestrelVoice.Features.Identity;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace KestrelVoice.Features.Tests.Identity;

public sealed class SignInThrottleTests
{
    private static readonly IPAddress Here = IPAddress.Parse("192.0.2.1");
    private readonly FakeTimeProvider clock = new(KestrelVoiceApp.Noon);

    private SignInThrottle Throttle(int perAccount, int perAddress) => new(
        Options.Create(new AuthOptions
        {
            SignIn = new() { FailuresPerAccount = perAccount, FailuresPerAddress = perAddress, AccountRecovery = TimeSpan.FromSeconds(30) },
        }), clock);

    [Fact]
    public void An_account_is_refused_after_its_allowance_and_grows_it_back()
    {
        var throttle = Throttle(perAccount: 3, perAddress: 100);
        for (var i = 0; i < 3; i++)
            throttle.Take("a", IPAddress.Parse($"192.0.2.{i}")).ShouldBeNull();

        throttle.Take("a", Here).ShouldBe(TimeSpan.FromSeconds(30));
        throttle.Take("b", Here).ShouldBeNull();

        clock.Advance(TimeSpan.FromSeconds(30));
        throttle.Take("a", Here).ShouldBeNull();
        throttle.Take("a", Here).ShouldNotBeNull();
    }

    [Fact]
    public void An_address_is_refused_whichever_account_it_tries()
    {
        var throttle = Throttle(perAccount: 100, perAddress: 3);
        for (var i = 0; i < 3; i++)
            throttle.Take($"account {i}", Here).ShouldBeNull();

        throttle.Take("another", Here).ShouldNotBeNull();
        throttle.Take("another", IPAddress.Parse("192.0.2.2")).ShouldBeNull();
    }

    [Fact]
    public void The_addresses_of_one_ipv6_network_count_as_one()
    {
        var throttle = Throttle(perAccount: 100, perAddress: 1);
        throttle.Take("a", IPAddress.Parse("2001:db8:1:2::1")).ShouldBeNull();

        throttle.Take("b", IPAddress.Parse("2001:db8:1:2:ffff::9")).ShouldNotBeNull();
        throttle.Take("b", IPAddress.Parse("2001:db8:1:3::1")).ShouldBeNull();
    }

    [Fact]
    public void A_mapped_ipv4_address_is_that_ipv4_address()
    {
        var throttle = Throttle(perAccount: 100, perAddress: 1);
        throttle.Take("a", IPAddress.Parse("::ffff:192.0.2.1")).ShouldBeNull();

        throttle.Take("b", Here).ShouldNotBeNull();
    }

    [Fact]
    public void A_right_password_costs_nothing()
    {
        var throttle = Throttle(perAccount: 2, perAddress: 2);
        for (var i = 0; i < 10; i++)
        {
            throttle.Take("a", Here).ShouldBeNull();
            throttle.GiveBack("a", Here);
        }
    }

    [Fact]
    public void A_refused_attempt_does_not_lengthen_the_wait()
    {
        var throttle = Throttle(perAccount: 1, perAddress: 100);
        throttle.Take("a", Here).ShouldBeNull();
        for (var i = 0; i < 5; i++)
            throttle.Take("a", Here).ShouldBe(TimeSpan.FromSeconds(30));
    }
}
