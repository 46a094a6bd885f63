using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Calendars.Google;

/// <summary>The OAuth client that an operator has registered with Google, and where Google is.</summary>
internal sealed record GoogleSettings
{
    public const string Section = "Google";

    public string? ClientId { get; init; }

    public string? ClientSecret { get; init; }

    public Endpoints BaseUrls { get; init; } = new();

    public bool IsSetUp => !string.IsNullOrEmpty(ClientId) && !string.IsNullOrEmpty(ClientSecret);

    // A record would print its secret.
    public override string ToString() => nameof(GoogleSettings);

    /// <summary>Each ends where Google's own paths begin.</summary>
    internal sealed record Endpoints
    {
        /// <summary>Where people sign in and consent.</summary>
        public Uri Accounts { get; init; } = new("https://accounts.google.com/");

        /// <summary>Where tokens are given and taken back.</summary>
        public Uri OAuth { get; init; } = new("https://oauth2.googleapis.com/");

        public Uri Api { get; init; } = new("https://www.googleapis.com/");
    }

    internal sealed class Validator : IValidateOptions<GoogleSettings>
    {
        public ValidateOptionsResult Validate(string? name, GoogleSettings options)
        {
            var failures = new List<string>();
            if (string.IsNullOrEmpty(options.ClientId) != string.IsNullOrEmpty(options.ClientSecret))
                failures.Add($"{Section}:ClientId and {Section}:ClientSecret belong together.");
            foreach (var url in new[] { options.BaseUrls.Accounts, options.BaseUrls.OAuth, options.BaseUrls.Api })
            {
                if (!url.IsAbsoluteUri || !(url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback)))
                    failures.Add($"{Section}:BaseUrls are https, or http on this machine.");
            }
            return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
        }
    }
}
