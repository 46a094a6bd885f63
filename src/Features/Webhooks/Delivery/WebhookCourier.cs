using Dapr.Workflow;
using Grpc.Core;
using KestrelVoice.Features.Kernel;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.Features.Webhooks.Delivery;

/// <summary>Makes attempts, whoever took them, and sees to what follows from their answers.</summary>
internal sealed partial class WebhookCourier(
    WebhookAttempts attempts, WebhookSender sender, RetrySchedule schedule, EndpointHealth health, DaprWorkflowClient workflows, TimeProvider clock,
    Random random, ILogger<WebhookCourier> logger)
{
    /// <summary>What an attempt ends with that has nothing to send any more.</summary>
    public const string PayloadExpired = "payload_expired";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>When a message is tried again, and by which of its workflows.</summary>
    internal readonly record struct Retry(DateTimeOffset At, int Schedule);

    /// <summary>Null when there is to be no other attempt, or it is somebody else's.</summary>
    /// <remarks>Goes on to the end even when the process stops: what was sent is better known.</remarks>
    public async Task<Retry?> DeliverAsync(LaneKey lane, Attempt attempt, Receiver receiver)
    {
        var result = await SendAsync(attempt, receiver);
        var (state, nextAt) = After(attempt, result);
        if (await attempts.EndAsync(lane, attempt, result, state, nextAt, CancellationToken.None) is not { } ended)
        {
            LogLost(logger, attempt.MessageId, attempt.Number);
            return null;
        }

        if (result.Verdict is Verdict.Gone)
            await health.GoneAsync(lane, CancellationToken.None);
        else if (result.Verdict is not Verdict.Delivered && attempt is { Manual: false, IsTest: false, Payload: not null })
            await health.CheckAsync(lane, CancellationToken.None);
        return nextAt is { } at && ended.State == "retrying" ? new Retry(at, ended.Schedule) : null;
    }

    private async Task<WebhookSender.Result> SendAsync(Attempt attempt, Receiver receiver) => attempt.Payload is { } payload
        ? await sender.SendAsync(
            new WebhookSender.Request(
                receiver.Url, TypeId.Format(TypeId.Event, attempt.EventId), attempt.Sequence, payload, receiver.Keys, receiver.Headers),
            CancellationToken.None)
        : new WebhookSender.Result(clock.GetUtcNow(), 0, Status: null, PayloadExpired, ResponseBody: null, RetryAfter: null);

    // An attempt that somebody asked for changes what becomes of a message only by succeeding.
    private (string? State, DateTimeOffset? NextAt) After(Attempt attempt, WebhookSender.Result result)
    {
        if (result.Verdict is Verdict.Delivered)
            return ("delivered", null);
        if (attempt.Manual)
            return (null, null);
        if (result.Verdict is Verdict.TryAgain && attempt is { IsTest: false, Payload: not null }
            && schedule.PauseAfter(attempt.Tries + 1, random.NextDouble(), result.RetryAfter) is { } pause)
            return ("retrying", clock.GetUtcNow() + pause);
        return ("failed", null);
    }

    /// <summary>Hands a message over to a workflow of its own. Should that fail, the message is overdue one day, and found.</summary>
    public async Task HandOverAsync(LaneKey lane, Guid messageId, Retry retry)
    {
        using var patience = new CancellationTokenSource(Patience, clock);
        try
        {
            await workflows.ScheduleNewWorkflowAsync(
                nameof(RetryWebhookWorkflow), RetryWebhookWorkflow.InstanceOf(messageId, retry.Schedule),
                new RetryWebhookWorkflow.Input(lane.TenantId, messageId, retry.Schedule, retry.At.UtcDateTime), retry.At, patience.Token);
        }
        catch (Exception away) when (away is RpcException or OperationCanceledException)
        {
            LogNotHandedOver(logger, messageId, away is RpcException rpc ? rpc.StatusCode.ToString() : "timeout");
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Attempt {Number} of webhook message {MessageId} took too long; somebody else makes it again")]
    private static partial void LogLost(ILogger logger, Guid messageId, int number);

    [LoggerMessage(Level = LogLevel.Information, Message = "No workflow could be started for webhook message {MessageId} ({Reason}); its retry will be late")]
    private static partial void LogNotHandedOver(ILogger logger, Guid messageId, string reason);
}
