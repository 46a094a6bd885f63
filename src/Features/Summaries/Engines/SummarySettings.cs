using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Summaries.Engines;

/// <summary>Which model writes summaries, if any. Without an endpoint the offline engine does, and nothing leaves the machine.</summary>
internal sealed class SummarySettings
{
    public const string Section = "Summaries";

    /// <summary>Base URL of an OpenAI-compatible server, such as https://api.openai.com/v1; empty for none.</summary>
    public string? Endpoint { get; init; }

    /// <summary>The model's name at that server.</summary>
    public string? Model { get; init; }

    /// <summary>Sent as a bearer token; servers at home commonly want none.</summary>
    public string? ApiKey { get; init; }

    /// <summary>How long one request to the model may take.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long after its start a summary may still ask the model; what is left then is done offline.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromSeconds(40);

    public bool UsesModel => !string.IsNullOrWhiteSpace(Endpoint);

    internal sealed class Validator : IValidateOptions<SummarySettings>
    {
        private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(50);
        private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

        public ValidateOptionsResult Validate(string? name, SummarySettings options)
        {
            if (options.UsesModel && !(Uri.TryCreate(options.Endpoint, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"))
                return ValidateOptionsResult.Fail("Summaries:Endpoint is not an absolute http or https URL.");
            if (options.UsesModel && string.IsNullOrWhiteSpace(options.Model))
                return ValidateOptionsResult.Fail("Summaries:Endpoint is set, but Summaries:Model is not.");
            if (options.RequestTimeout < Shortest || options.RequestTimeout > Longest || options.TimeLimit < Shortest || options.TimeLimit > Longest)
                return ValidateOptionsResult.Fail("Summaries:RequestTimeout and Summaries:TimeLimit are durations such as 00:00:20, up to ten minutes.");
            return ValidateOptionsResult.Success;
        }
    }
}
