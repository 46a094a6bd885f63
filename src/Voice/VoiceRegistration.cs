using System.Net;
using KestrelVoice.Voice.Calls;
using KestrelVoice.Voice.Dapr;
using KestrelVoice.Voice.Tenants;
using KestrelVoice.Voice.Twilio;
using KestrelVoice.Voice.Webhooks;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Voice;

internal static class VoiceRegistration
{
    public static IServiceCollection AddVoice(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<TwilioOptions>().Bind(configuration.GetSection(TwilioOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<VoiceOptions>().Bind(configuration.GetSection(VoiceOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<ForwardedHeadersOptions>().Configure<IOptions<VoiceOptions>>(Trust);
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(Random.Shared);
        services.AddSingleton<PublicUrl>();
        services.AddSingleton<PartySeal>();
        services.AddSingleton<Sidecar>();
        services.AddSingleton<EventSpool>();
        services.AddSingleton<SpoolDrainer>();
        services.AddHostedService(provider => provider.GetRequiredService<SpoolDrainer>());
        services.AddHostedService<WarmUp>();
        services.AddSingleton<CallEventPublisher>();
        services.AddSingleton<TenantDirectory>();
        services.AddSingleton<CallSessions>();
        services.AddSingleton<AppointmentDesk>();
        services.AddSingleton<Lines>();
        return services;
    }

    // The framework trusts loopback by default; here only what is configured, so that no neighbour chooses the URL whose signature is checked.
    private static void Trust(ForwardedHeadersOptions headers, IOptions<VoiceOptions> voice)
    {
        headers.KnownProxies.Clear();
        headers.KnownIPNetworks.Clear();
        foreach (var proxy in voice.Value.KnownProxies)
        {
            if (IPAddress.TryParse(proxy, out var address))
                headers.KnownProxies.Add(address);
            else
                headers.KnownIPNetworks.Add(System.Net.IPNetwork.Parse(proxy));
        }
        // As long a chain as there are known proxies in it; the first unknown one ends it.
        headers.ForwardLimit = null;
        headers.ForwardedHeaders = headers.KnownProxies.Count + headers.KnownIPNetworks.Count > 0
            ? ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost
            : ForwardedHeaders.None;
    }
}
