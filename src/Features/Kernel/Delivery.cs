using Dapr;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace KestrelVoice.Features.Kernel;

/// <summary>How the sidecar hands over what was published.</summary>
internal static class Delivery
{
    /// <summary>Larger than any event of ours; what is larger still is dropped into the dead letters.</summary>
    private const long LargestEvent = 1024 * 1024;

    public static RouteHandlerBuilder TakesDeliveries(this RouteHandlerBuilder route, TopicOptions topic) => route
        .WithTopic(topic)
        .WithMetadata(new RequestSizeLimitAttribute(LargestEvent))
        .RequireAuthorization(Policies.Sidecar)
        .ExcludeFromDescription();

    public static bool TakesDeliveries(this Endpoint endpoint) => endpoint.Metadata.GetMetadata<ITopicMetadata>() is not null;
}

/// <summary>Marks a subscriber that wants the envelope byte for byte instead of the event inside.</summary>
internal sealed record WholeEnvelope;
