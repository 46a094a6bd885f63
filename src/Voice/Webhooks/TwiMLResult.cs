using KestrelVoice.Voice.Twilio;

namespace KestrelVoice.Voice.Webhooks;

/// <summary>TwiML as an answer. Never cached: the same URL answers another call otherwise.</summary>
internal sealed class TwiMLResult(VoiceResponse document) : IResult
{
    public VoiceResponse Document => document;

    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.ContentType = "application/xml; charset=utf-8";
        httpContext.Response.Headers.CacheControl = "no-store";
        var body = document.ToUtf8();
        httpContext.Response.ContentLength = body.Length;
        return httpContext.Response.Body.WriteAsync(body).AsTask();
    }
}
