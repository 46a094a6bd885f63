using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using KestrelVoice.Features.Kernel.CustomerUrls;

namespace KestrelVoice.Features.Tests.Kernel.CustomerUrls;

public sealed class CustomerUrlRulesTests
{
    /// <summary>First, last and one in the middle of every range that is not public, IPv4 and IPv6.</summary>
    public static TheoryData<string> Blocked =>
    [
        "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.20.30.40", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.0", "127.0.0.1", "127.255.255.255",
        "169.254.0.0", "169.254.169.254", "169.254.255.255", "172.16.0.0", "172.31.255.255", "192.0.0.0", "192.0.0.255", "192.0.2.0", "192.0.2.255",
        "192.88.99.0", "192.88.99.255", "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.0", "198.51.100.255",
        "203.0.113.0", "203.0.113.255", "224.0.0.0", "239.255.255.255", "240.0.0.0", "255.255.255.255",
        "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1",
        "2001::1", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::1", "2002:7f00:1::", "3fff::1", "3fff:fff:ffff::1", "5f00::1", "fc00::1",
        "fd00:ec2::254", "fdff::1", "fe80::1", "febf::1", "fec0::1", "feff::1", "ff00::1", "ff02::1",
    ];

    /// <summary>The neighbours of those ranges.</summary>
    public static TheoryData<string> Open =>
    [
        "1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0",
        "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0", "192.88.98.255", "192.88.100.0", "192.167.255.255", "192.169.0.0", "198.17.255.255",
        "198.20.0.0", "198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0", "223.255.255.255",
        "64:ff9a::1", "2001:1::1", "2001:4860:4860::8888", "2003::1", "2606:4700::1111", "::ffff:8.8.8.8",
    ];

    [Theory]
    [MemberData(nameof(Blocked))]
    public async Task An_address_that_is_not_public_is_refused_as_a_literal_and_as_the_answer_of_a_name(string address)
    {
        using var literal = new Outbound();
        var host = address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address;
        (await literal.Rules.CheckAsync($"https://{host}/hook", Token)).ShouldBe("The URL leads to an address that is not on the public internet.");

        using var named = new Outbound(resolve: Outbound.Answering(address));
        await Should.ThrowAsync<BlockedAddressException>(() => named.Addresses.VetAsync("https", "hooks.example.com", Token));
    }

    [Theory]
    [MemberData(nameof(Open))]
    public async Task An_address_beside_those_ranges_is_taken(string address)
    {
        using var outbound = new Outbound(resolve: Outbound.Answering(address));

        (await outbound.Addresses.VetAsync("https", "hooks.example.com", Token)).ShouldBe([BlockedNetworks.Plain(IPAddress.Parse(address))]);
    }

    [Theory]
    [InlineData("https://2130706433/")]
    [InlineData("https://0x7f.1/")]
    [InlineData("https://127.1/")]
    [InlineData("https://0177.0.0.1/")]
    [InlineData("https://0/")]
    [InlineData("https://[::ffff:7f00:1]/")]
    [InlineData("https://[::127.0.0.1]/")]
    [InlineData("https://localhost/")]
    [InlineData("https://localhost./")]
    [InlineData("https://LOCALHOST/")]
    public async Task Other_ways_to_write_loopback_are_loopback(string url)
    {
        using var outbound = new Outbound();

        (await outbound.Rules.CheckAsync(url, Token)).ShouldBe("The URL leads to an address that is not on the public internet.");
    }

    [Fact]
    public async Task Digits_in_circles_lead_nowhere()
    {
        using var outbound = new Outbound();

        (await outbound.Rules.CheckAsync("https://①②⑦.⓪.⓪.①/", Token)).ShouldNotBeNull();
    }

    [Theory]
    [InlineData("metadata.google.internal")]
    [InlineData("vault.internal")]
    [InlineData("printer.local")]
    [InlineData("app.localhost")]
    [InlineData("intranet")]
    [InlineData("example.com.")]
    public async Task Names_of_the_inside_are_refused_whatever_they_resolve_to(string host)
    {
        using var outbound = new Outbound(resolve: Outbound.Answering("8.8.8.8"));

        await Should.ThrowAsync<BlockedAddressException>(() => outbound.Addresses.VetAsync("https", host, Token));
    }

    [Fact]
    public async Task Our_own_addresses_are_refused_even_when_public()
    {
        var own = NetworkInterface.GetAllNetworkInterfaces().SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address).Where(address => address.AddressFamily == AddressFamily.InterNetwork).ToList();
        own.ShouldNotBeEmpty();
        foreach (var address in own)
        {
            using var outbound = new Outbound(resolve: (_, _) => Task.FromResult<IPAddress[]>([address]));
            await Should.ThrowAsync<BlockedAddressException>(() => outbound.Addresses.VetAsync("https", "hooks.example.com", Token));
        }
    }

    [Fact]
    public async Task Of_several_addresses_only_the_public_ones_are_left()
    {
        using var outbound = new Outbound(resolve: Outbound.Answering("10.0.0.1", "8.8.8.8", "::1", "8.8.8.8"));

        (await outbound.Addresses.VetAsync("https", "hooks.example.com", Token)).ShouldBe([IPAddress.Parse("8.8.8.8")]);
    }

    [Theory]
    [InlineData(null, "1 to 2048")]
    [InlineData("", "1 to 2048")]
    [InlineData("hooks", "not an absolute one")]
    [InlineData("/hooks", "https://")]
    [InlineData("https://exa mple.com/", "not an absolute one")]
    [InlineData("https://example.com/\n", "not an absolute one")]
    [InlineData("ftp://example.com/", "https://")]
    [InlineData("javascript:alert(1)", "https://")]
    [InlineData("file:///etc/passwd", "https://")]
    [InlineData("https://user:word@example.com/", "user name")]
    [InlineData("https://1.1.1.1&@8.8.8.8/", "user name")]
    [InlineData("https://example.com/#part", "fragment")]
    [InlineData("https://example.com:22/", "Port 22")]
    [InlineData("https://example.com:0/", "Port 0")]
    [InlineData("https://example.com:6379/", "Port 6379")]
    [InlineData("http://8.8.8.8/", "https://")]
    public async Task What_is_wrong_with_a_url_is_said(string? url, string says)
    {
        using var outbound = new Outbound(resolve: Outbound.Answering("8.8.8.8"));

        (await outbound.Rules.CheckAsync(url, Token)).ShouldNotBeNull().ShouldContain(says);
    }

    [Fact]
    public async Task A_url_may_be_2048_characters_long()
    {
        using var outbound = new Outbound(resolve: Outbound.Answering("8.8.8.8"));
        var url = "https://example.com/" + new string('a', CustomerUrlRules.LongestUrl - "https://example.com/".Length);

        (await outbound.Rules.CheckAsync(url, Token)).ShouldBeNull();
        (await outbound.Rules.CheckAsync(url + "a", Token)).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_name_that_does_not_resolve_is_said_so()
    {
        using var outbound = new Outbound();

        (await outbound.Rules.CheckAsync("https://no-such-host.invalid/", Token)).ShouldBe("The host name no-such-host.invalid does not resolve.");
    }

    [Fact]
    public async Task An_allowed_network_is_open_to_plain_http_too_and_nothing_else_is()
    {
        using var outbound = new Outbound(["127.0.0.0/8"]);

        (await outbound.Rules.CheckAsync("http://127.0.0.1:4000/hook", Token)).ShouldBeNull();
        (await outbound.Rules.CheckAsync("http://localhost:4000/hook", Token)).ShouldBeNull();
        (await outbound.Rules.CheckAsync("https://10.0.0.1/hook", Token)).ShouldNotBeNull();
        (await outbound.Rules.CheckAsync("http://8.8.8.8/hook", Token)).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_metadata_address_must_be_allowed_alone()
    {
        using var wide = new Outbound(["169.254.0.0/16"]);
        (await wide.Rules.CheckAsync("http://169.254.1.1/", Token)).ShouldBeNull();
        (await wide.Rules.CheckAsync("http://169.254.169.254/", Token)).ShouldNotBeNull();

        using var narrow = new Outbound(["169.254.169.254/32"]);
        (await narrow.Rules.CheckAsync("http://169.254.169.254/", Token)).ShouldBeNull();
    }

    [Fact]
    public void Production_needs_a_second_word_and_a_typing_mistake_is_found_at_the_start()
    {
        using var unconfirmed = new Outbound(["10.0.0.0/8"], environment: "Production");
        Should.Throw<InvalidOperationException>(() => unconfirmed.Rules).Message.ShouldContain("CustomerUrls:AllowInProduction");

        using var confirmed = new Outbound(["10.0.0.0/8"], environment: "Production", inProduction: true);
        confirmed.Rules.ShouldNotBeNull();

        using var mistyped = new Outbound(["10.0.0.0/8", "ten"]);
        Should.Throw<InvalidOperationException>(() => mistyped.Rules).Message.ShouldContain("CustomerUrls:AllowedNetworks:1");
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;
}
