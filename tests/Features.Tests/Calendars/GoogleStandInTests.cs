using System.Net;
using KestrelVoice.GoogleStandIn;
using Microsoft.AspNetCore.WebUtilities;

namespace KestrelVoice.Features.Tests.Calendars;

/// <summary>What people see who try it out without a Google account, and what the stand-in does not let pass.</summary>
public sealed class GoogleStandInTests(HostBesideGoogle host) : IClassFixture<HostBesideGoogle>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Its_page_shows_what_is_in_a_calendar_and_takes_events()
    {
        var user = host.GivenAGoogleUser();
        using var browser = host.App.Stranger();

        (await AddAsync(browser, user, host.Google.Url.GetLeftPart(UriPartial.Authority))).ShouldBe(HttpStatusCode.SeeOther);

        var page = await browser.GetStringAsync(host.Google.Url, Token);
        page.ShouldContain("Dentist &amp; co");
        page.ShouldContain("2026-03-05T18:00:00Z");
        (await AddAsync(browser, user, "https://elsewhere.example")).ShouldBe(HttpStatusCode.Forbidden);
        user.Calendar.Events.ShouldHaveSingleItem();
    }

    [Theory]
    [InlineData("client_id", "somebody else", "invalid_client")]
    [InlineData("redirect_uri", "https://elsewhere.example/", "redirect_uri_mismatch")]
    [InlineData("code_challenge_method", "plain", "invalid_request")]
    public async Task Nobody_is_sent_on_who_was_not_sent_as_registered(string parameter, string value, string error)
    {
        using var browser = host.App.Stranger();
        var query = new Dictionary<string, string?>
        {
            ["client_id"] = HostBesideGoogle.ClientId,
            ["redirect_uri"] = "https://api.example.test/calendars/google/callback",
            ["response_type"] = "code",
            ["scope"] = "https://www.googleapis.com/auth/calendar.events",
            ["code_challenge"] = new string('x', 43),
            ["code_challenge_method"] = "S256",
            [parameter] = value,
        };

        using var refused = await browser.GetAsync(QueryHelpers.AddQueryString(new Uri(host.Google.Url, "o/oauth2/v2/auth").AbsoluteUri, query), Token);

        await refused.ShouldBe(HttpStatusCode.BadRequest);
        (await refused.Content.ReadAsStringAsync(Token)).ShouldContain(error);
    }

    private async Task<HttpStatusCode> AddAsync(HttpClient browser, GoogleUser user, string origin)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, host.Google.Url)
        {
            Content = new FormUrlEncodedContent(new Dictionary<string, string>
            {
                ["calendar"] = user.Email,
                ["summary"] = "Dentist & co",
                ["start"] = "2026-03-05T18:00",
                ["end"] = "2026-03-05T19:00",
            }),
            Headers = { { "Origin", origin } },
        };
        using var response = await browser.SendAsync(request, Token);
        return response.StatusCode;
    }
}
