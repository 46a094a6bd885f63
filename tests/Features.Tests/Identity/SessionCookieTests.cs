using System.Security.Cryptography;
using System.Text;
using KestrelVoice.Features.Identity.Credentials;

namespace KestrelVoice.Features.Tests.Identity;

/// <summary>Values that the real @supabase/ssr wrote.</summary>
public sealed class SessionCookieTests
{
    private const string Name = "sb-localhost-auth-token";

    private const string One =
        "base64-eyJhY2Nlc3NfdG9rZW4iOiJoLnAucyIsInRva2VuX3R5cGUiOiJiZWFyZXIiLCJleHBpcmVzX2luIjozNjAwLCJleHBpcmVzX2F0Ijo0MTAyNDQ0ODAwLCJyZWZy"
        + "ZXNoX3Rva2VuIjoicjEiLCJ1c2VyIjp7ImlkIjoidTEifX0";

    private static string Json(string user) =>
        """{"access_token":"h.p.s","token_type":"bearer","expires_in":3600,"expires_at":4102444800,"refresh_token":"r1","user":""" + user + "}";

    private static string Padded(int length) => Json("{\"id\":\"u1\",\"user_metadata\":{\"pad\":\"" + new string('x', length) + "\"}}");

    [Fact]
    public void A_short_session_is_one_cookie()
    {
        var cookie = SessionCookie.Encode(Name, Json("""{"id":"u1"}""")).ShouldHaveSingleItem();

        cookie.Key.ShouldBe(Name);
        cookie.Value.ShouldBe(One);
        SessionCookie.Decode(One).ShouldBe(new SessionCookie.Tokens("h.p.s", "r1"));
    }

    [Theory]
    [InlineData(2400, 3180, 234, "6AA101D08B5FACD1")]
    [InlineData(4600, 3180, 3167, "A89CF518FA8C43F1")]
    public void A_long_session_is_cut_where_the_library_cuts_it(int padding, int first, int second, string digest)
    {
        var cookies = SessionCookie.Encode(Name, Padded(padding));

        cookies.Select(cookie => cookie.Key).ShouldBe([$"{Name}.0", $"{Name}.1"]);
        cookies.Select(cookie => cookie.Value.Length).ShouldBe([first, second]);
        var joined = string.Concat(cookies.Select(cookie => cookie.Value));
        Convert.ToHexString(SHA256.HashData(Encoding.ASCII.GetBytes(joined))).ShouldStartWith(digest);
        SessionCookie.Decode(joined).ShouldBe(new SessionCookie.Tokens("h.p.s", "r1"));
    }

    [Fact]
    public void Other_scripts_are_plain_utf8() =>
        SessionCookie.Encode(Name, Json("{\"id\":\"\u00FC\U0001F600\"}")).Single().Value.ShouldEndWith("IjoicjEiLCJ1c2VyIjp7ImlkIjoiw7zwn5iAIn19");

    [Theory]
    [InlineData(2379, 1)]
    [InlineData(2380, 2)]
    public void The_second_cookie_begins_one_byte_after_the_first_is_full(int bytes, int cookies) =>
        SessionCookie.Encode(Name, new string('x', bytes)).Count.ShouldBe(cookies);

    [Fact]
    public void White_space_and_padding_are_overlooked() =>
        SessionCookie.Decode(One[..40] + " \t\r\n" + One[40..] + "==").ShouldNotBeNull();

    [Theory]
    [InlineData("")]
    [InlineData("base64-")]
    [InlineData("base64-*not base64*")]
    [InlineData("base64-bm90IGpzb24")]
    [InlineData("[\"h.p.s\",\"r1\",null,null,null]")]
    [InlineData("{\"access_token\":\"h.p.s\",\"refresh_token\":\"r1\"}")]
    [InlineData("{\"access_token\":\"h.p.s\",\"expires_at\":1}")]
    [InlineData("{\"access_token\":7,\"refresh_token\":\"r1\",\"expires_at\":1}")]
    [InlineData("null")]
    public void What_the_library_would_clear_is_no_session(string value) => SessionCookie.Decode(value).ShouldBeNull();
}
