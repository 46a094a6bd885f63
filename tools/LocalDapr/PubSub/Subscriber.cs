using System.Threading.Channels;
using KestrelVoice.LocalDapr.Apps;
using KestrelVoice.LocalDapr.Resiliency;
using KestrelVoice.LocalDapr.Resources;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.LocalDapr.PubSub;

/// <summary>A subscription of this app and its place in the topic.</summary>
internal sealed record JoinedSubscription(SubscriptionSpec Spec, ConsumerGroup Group, Retention Retention, bool MayDeadLetter);

/// <summary>
/// Delivers the topics of one pub/sub component to one app, with a fixed number of workers shared by all its topics, as
/// the Redis component does. It can be stopped and started: what is under way may finish, what fails while
/// stopping is given back and stays owed.
/// </summary>
internal sealed partial class Subscriber(
    IReadOnlyList<JoinedSubscription> subscriptions, int concurrency, Policy policy, AppChannel app, bool tracing, TimeProvider clock, ILogger logger)
{
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private CancellationTokenSource? _stopping;
    private CancellationTokenSource? _aborting;
    private Task _workers = Task.CompletedTask;
    private int _turn;

    public void Start()
    {
        if (_stopping is not null)
            return;
        (_stopping, _aborting) = (new CancellationTokenSource(), new CancellationTokenSource());
        foreach (var subscription in subscriptions)
            subscription.Group.Woken += Wake;
        _workers = Task.WhenAll(Enumerable.Range(0, concurrency).Select(_ => Task.Run(() => WorkAsync(_stopping.Token, _aborting.Token))));
    }

    /// <param name="drain">How long attempts under way may still take.</param>
    public async Task StopAsync(TimeSpan drain)
    {
        if (_stopping is null)
            return;
        await _stopping.CancelAsync();
        foreach (var subscription in subscriptions)
            subscription.Group.Woken -= Wake;
        _aborting!.CancelAfter(drain);
        await _workers;
        _stopping.Dispose();
        _aborting.Dispose();
        (_stopping, _aborting) = (null, null);
    }

    private void Wake() => _wake.Writer.TryWrite(true);

    private async Task WorkAsync(CancellationToken stopping, CancellationToken aborting)
    {
        while (!stopping.IsCancellationRequested)
        {
            if (TakeNext() is not var (subscription, message))
            {
                try
                {
                    await _wake.Reader.ReadAsync(stopping);
                }
                catch (OperationCanceledException)
                {
                    return;
                }
                continue;
            }
            // Whoever finds work wakes the next worker, so one arrival is enough for a whole batch.
            Wake();
            await HandleAsync(subscription, message, stopping, aborting);
        }
    }

    private (JoinedSubscription, Message)? TakeNext()
    {
        var turn = (uint)Interlocked.Increment(ref _turn);
        for (var i = 0; i < subscriptions.Count; i++)
        {
            var subscription = subscriptions[(int)((turn + (uint)i) % (uint)subscriptions.Count)];
            if (subscription.Group.Take() is { } message)
                return (subscription, message);
        }
        return null;
    }

    private async Task HandleAsync(JoinedSubscription subscription, Message message, CancellationToken stopping, CancellationToken aborting)
    {
        try
        {
            await DeliverAsync(subscription, message, stopping, aborting);
        }
        catch (OperationCanceledException)
        {
            subscription.Group.Return(message);
        }
#pragma warning disable CA1031 // A message must not be lost, nor a worker end, whatever went wrong here.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogBroken(subscription.Spec.Topic, message.Id, exception);
            subscription.Group.Return(message);
            await Task.Delay(TimeSpan.FromSeconds(1), clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task DeliverAsync(JoinedSubscription subscription, Message message, CancellationToken stopping, CancellationToken aborting)
    {
        var now = clock.GetUtcNow();
        var delivery = Delivery.Of(message, subscription.Spec, now);
        if (delivery is null)
        {
            await GiveUpAsync(subscription, message, "", "it is not a CloudEvent");
            return;
        }
        if (delivery.HasExpired(now) || !delivery.HasRoute)
        {
            await SettleUnwantedAsync(subscription, message);
            return;
        }

        var attempt = await policy.RunAsync(token => delivery.AttemptAsync(app, tracing, token), discard: null, stopping, aborting);
        if (attempt is { Failed: false, Value: Verdict.Success })
            Settled(subscription.Group.AcknowledgeAsync(message));
        else if (stopping.IsCancellationRequested)
            subscription.Group.Return(message);
        else
            await GiveUpAsync(subscription, message, delivery.EventId, attempt.Reason ?? "the app dropped it");
    }

    private async Task SettleUnwantedAsync(JoinedSubscription subscription, Message message)
    {
        if (subscription is { Spec.DeadLetterTopic: { } topic, MayDeadLetter: true })
            await subscription.Group.DeadLetterAsync(message, topic, subscription.Retention);
        else
            Settled(subscription.Group.AcknowledgeAsync(message));
    }

    private async Task GiveUpAsync(JoinedSubscription subscription, Message message, string eventId, string reason)
    {
        if (subscription is { Spec.DeadLetterTopic: { } topic, MayDeadLetter: true })
        {
            LogDeadLettered(eventId, subscription.Spec.Topic, topic, reason);
            await subscription.Group.DeadLetterAsync(message, topic, subscription.Retention);
            return;
        }
        LogDropped(eventId, subscription.Spec.Topic, reason);
        Settled(subscription.Group.AcknowledgeAsync(message));
    }

    // Nobody waits for an acknowledgement to reach the disk: should it not, the message comes again.
    private void Settled(Task acknowledgement) =>
        acknowledgement.ContinueWith(
            task => LogNotAcknowledged(task.Exception!), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);

    [LoggerMessage(LogLevel.Warning, "Event {EventId} of topic {Topic} goes to {DeadLetterTopic}: {Reason}")]
    private partial void LogDeadLettered(string eventId, string topic, string deadLetterTopic, string reason);

    [LoggerMessage(LogLevel.Error, "Event {EventId} of topic {Topic} is lost, because the topic has no dead-letter topic this app may publish to: {Reason}")]
    private partial void LogDropped(string eventId, string topic, string reason);

    [LoggerMessage(LogLevel.Error, "Message {MessageId} of topic {Topic} could not be handled; it is tried again")]
    private partial void LogBroken(string topic, long messageId, Exception exception);

    [LoggerMessage(LogLevel.Error, "An acknowledgement could not be stored; the message will be delivered again")]
    private partial void LogNotAcknowledged(Exception exception);
}
