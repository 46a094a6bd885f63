using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Identity;

/// <summary>Section <c>Auth</c>. With <see cref="Supabase"/> set, that project signs members in; without it, the embedded identity does.</summary>
public sealed record AuthOptions
{
    public const string Section = "Auth";

    /// <summary>Where browsers reach this API; the embedded issuer is this plus <c>/auth/v1</c>.</summary>
    public string PublicUrl { get; init; } = "http://localhost:5080";

    /// <summary>What supabase-js is given as its key. Public by design; it only names the project.</summary>
    public string PublishableKey { get; init; } = "sb_publishable_kestrelvoice";

    /// <summary>Overrides the name that @supabase/ssr derives from the project's URL.</summary>
    public string? CookieName { get; init; }

    public SupabaseProject Supabase { get; init; } = new();

    public SignInLimits SignIn { get; init; } = new();

    public bool IsEmbedded => Supabase.Url is null;

    public string BaseUrl => (Supabase.Url ?? PublicUrl).TrimEnd('/') + "/auth/v1";

    public string JwksUrl => Supabase.JwksUrl ?? BaseUrl + "/.well-known/jwks.json";

    /// <summary>A project with the legacy secret publishes an empty set, unless a URL says that it is moving to keys.</summary>
    public bool PublishesKeys => Supabase.JwtSecret is null || Supabase.JwksUrl is not null;

    public string SessionCookieName => CookieName ?? $"sb-{new Uri(Supabase.Url ?? PublicUrl).Host.Split('.')[0]}-auth-token";

    public sealed record SupabaseProject
    {
        public string? Url { get; init; }

        /// <summary>Defaults to the project's <c>/auth/v1/.well-known/jwks.json</c>.</summary>
        public string? JwksUrl { get; init; }

        /// <summary>The legacy shared secret of a project that signs with HS256.</summary>
        public string? JwtSecret { get; init; }

        public string? PublishableKey { get; init; }
    }

    /// <summary>How many wrong passwords are heard before 429, and how fast the allowance grows back.</summary>
    public sealed record SignInLimits
    {
        public int FailuresPerAccount { get; init; } = 10;
        public int FailuresPerAddress { get; init; } = 30;
        public TimeSpan AccountRecovery { get; init; } = TimeSpan.FromSeconds(30);
        public TimeSpan AddressRecovery { get; init; } = TimeSpan.FromSeconds(2);
    }

    internal sealed class Validator : IValidateOptions<AuthOptions>
    {
        private const int ShortestSecret = 32;

        public ValidateOptionsResult Validate(string? name, AuthOptions options)
        {
            var faults = new List<string>();
            CheckUrl(faults, "Auth:PublicUrl", options.PublicUrl);
            CheckUrl(faults, "Auth:Supabase:Url", options.Supabase.Url);
            CheckUrl(faults, "Auth:Supabase:JwksUrl", options.Supabase.JwksUrl);
            if (options.IsEmbedded && (options.Supabase.JwksUrl ?? options.Supabase.JwtSecret) is not null)
                faults.Add("Auth:Supabase:JwksUrl and JwtSecret need Auth:Supabase:Url.");
            if (!options.IsEmbedded && string.IsNullOrEmpty(options.Supabase.PublishableKey))
                faults.Add("Auth:Supabase:PublishableKey is needed with Auth:Supabase:Url; the sign-in page uses it.");
            if (options.Supabase.JwtSecret is { Length: < ShortestSecret })
                faults.Add($"Auth:Supabase:JwtSecret must have at least {ShortestSecret} characters.");
            if (faults.Count == 0 && !IsCookieName(options.SessionCookieName))
                faults.Add("Auth:CookieName must be a cookie name; a bare IPv6 address in the URL does not give one.");
            if (options.SignIn.FailuresPerAccount < 1 || options.SignIn.FailuresPerAddress < 1
                || options.SignIn.AccountRecovery <= TimeSpan.Zero || options.SignIn.AddressRecovery <= TimeSpan.Zero)
                faults.Add("Auth:SignIn limits must be positive.");
            return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
        }

        private static void CheckUrl(List<string> faults, string setting, string? url)
        {
            if (url is not null && (!Uri.TryCreate(url, UriKind.Absolute, out var parsed) || parsed.Scheme is not ("http" or "https")))
                faults.Add($"{setting} must be an absolute http or https URL.");
        }

        private static bool IsCookieName(string name) =>
            name.Length is > 0 and <= 128 && name.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.');
    }
}
