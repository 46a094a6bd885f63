using KestrelVoice.Voice.Calls;
using KestrelVoice.Voice.Receptionist;
using KestrelVoice.Voice.Twilio;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Voice.Webhooks;

/// <summary>Says that a route's answer directs the call, so that even a refusal must be TwiML.</summary>
internal sealed class AnswersTwiML;

/// <summary>
/// Stands before every route under <c>/voice</c>: nothing is read from a request that Twilio did not sign, and no failure of ours reaches the caller
/// as a dead line.
/// </summary>
internal sealed partial class TwilioWebhooks(RequestDelegate next, IOptions<TwilioOptions> options, PublicUrl publicUrl, PartySeal seal, ILogger<TwilioWebhooks> logger)
{
    private readonly RequestValidator[] _validators = [.. options.Value.Tokens.Select(token => new RequestValidator(token))];

    public async Task InvokeAsync(HttpContext context)
    {
        var signature = context.Request.Headers["X-Twilio-Signature"].ToString();
        if (signature.Length == 0)
        {
            LogRefused("no signature");
            await Refuse(context, StatusCodes.Status403Forbidden, "forbidden", "The request is not signed.");
            return;
        }
        if (await TwilioForm.ReadAsync(context.Request, context.RequestAborted) is not { } form)
        {
            LogRefused("unreadable form");
            await Refuse(context, StatusCodes.Status400BadRequest, "invalid_parameter", "The form is too large or not readable.");
            return;
        }
        if (!IsSigned(publicUrl.RequestedOf(context.Request), form, signature))
        {
            LogRefused("wrong signature");
            await Refuse(context, StatusCodes.Status403Forbidden, "forbidden", "The signature does not match.");
            return;
        }
        await AnswerSigned(context, form);
    }

    private async Task AnswerSigned(HttpContext context, TwilioForm form)
    {
        if (form["AccountSid"] != options.Value.AccountSid)
        {
            LogRefused("another account");
            await Refuse(context, StatusCodes.Status403Forbidden, "forbidden", "The account is not ours.");
            return;
        }
        var answersTwiML = context.GetEndpoint()?.Metadata.GetMetadata<AnswersTwiML>() is not null;
        var baseUrl = publicUrl.BaseOf(context.Request);
        if (CallWebhook.Read(form, context.Request, options.Value.AccountSid, baseUrl, seal) is not { } webhook)
        {
            LogRefused("no call");
            await (answersTwiML
                ? new TwiMLResult(new VoiceResponse().Say(Script.BadRequest).Hangup()).ExecuteAsync(context)
                : Refuse(context, StatusCodes.Status400BadRequest, "invalid_parameter", "CallSid and To must name a call."));
            return;
        }
        context.Features.Set(webhook);
        try
        {
            await next(context);
        }
        catch (Exception failure) when (!context.Response.HasStarted)
        {
            LogFailed(failure, webhook.CallSid);
            await (answersTwiML
                ? new TwiMLResult(LastResort.For(context, webhook)).ExecuteAsync(context)
                : Refuse(context, StatusCodes.Status503ServiceUnavailable, "unavailable", "Please try again."));
        }
    }

    private bool IsSigned(string url, TwilioForm form, string signature)
    {
        var signed = false;
        foreach (var validator in _validators)
            signed |= validator.Validate(url, form.Fields, signature);
        return signed;
    }

    private static Task Refuse(HttpContext context, int status, string error, string message) => CallbackResults.Problem(status, error, message).ExecuteAsync(context);

    [LoggerMessage(LogLevel.Warning, "Refused a webhook: {Reason}.")]
    private partial void LogRefused(string reason);

    [LoggerMessage(LogLevel.Error, "A webhook of call {CallSid} failed; the caller is offered the voicemail.")]
    private partial void LogFailed(Exception failure, string callSid);
}
