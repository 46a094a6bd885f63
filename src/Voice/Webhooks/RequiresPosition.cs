using KestrelVoice.Voice.Receptionist;
using KestrelVoice.Voice.Twilio;
using Microsoft.AspNetCore.Http.Features;

namespace KestrelVoice.Voice.Webhooks;

/// <summary>Refuses a URL that our own TwiML did not name; a caller, should there be one, is told so.</summary>
internal sealed class RequiresPosition : IEndpointFilter
{
    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        if (context.HttpContext.Features.GetRequiredFeature<CallWebhook>().Position is not null)
            return next(context);
        return ValueTask.FromResult<object?>(
            context.HttpContext.GetEndpoint()?.Metadata.GetMetadata<AnswersTwiML>() is not null
                ? new TwiMLResult(new VoiceResponse().Say(Script.BadRequest).Hangup())
                : CallbackResults.Invalid("The URL does not say where in the call it belongs."));
    }
}
