using System.Net;
using System.Text.Json;
using KestrelVoice.LocalDapr.Api;
using KestrelVoice.LocalDapr.PubSub;
using KestrelVoice.LocalDapr.Resources;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.LocalDapr.Sidecars;

/// <summary>Finds out what an app subscribes to, and joins the topics.</summary>
internal static partial class Subscriptions
{
    private const int Tries = 4;
    private static readonly TimeSpan s_firstRetry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_longestRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_answerWithin = TimeSpan.FromSeconds(30);

    public static async Task<IReadOnlyList<Subscriber>> JoinAsync(Sidecar sidecar, Machine machine, ILogger logger, CancellationToken stopping)
    {
        if (!sidecar.Publisher.Any)
            return [];
        var wanted = sidecar.Resources.Subscriptions.ToDictionary(subscription => (subscription.PubSub, subscription.Topic));
        // One subscription for a topic: what the app says itself replaces what is declared for it.
        foreach (var subscription in await AskAsync(sidecar, machine, logger, stopping))
            wanted[(subscription.PubSub, subscription.Topic)] = subscription;

        var joined = new List<(Component Component, JoinedSubscription Subscription)>();
        foreach (var subscription in wanted.Values)
        {
            if (await JoinOneAsync(sidecar, machine, subscription, logger) is { } one)
                joined.Add(one);
        }
        sidecar.Metadata.Subscriptions = [.. joined.Select(one => one.Subscription.Spec)];
        return [.. joined.GroupBy(one => one.Component.Name).Select(group => new Subscriber(
            [.. group.Select(one => one.Subscription)],
            group.First().Component.Number("concurrency") is > 0 and var workers ? workers : 10,
            sidecar.Resources.Resiliency.ForPubSubInbound(group.Key),
            sidecar.Channel, sidecar.Resources.Configuration.Tracing, machine.Clock, logger))];
    }

    private static async Task<(Component, JoinedSubscription)?> JoinOneAsync(Sidecar sidecar, Machine machine, SubscriptionSpec spec, ILogger logger)
    {
        if (sidecar.Resources.Components.GetValueOrDefault(spec.PubSub) is not { IsPubSub: true } component)
        {
            LogUnknownPubSub(logger, sidecar.App.AppId, spec.Topic, spec.PubSub);
            return null;
        }
        var scopes = new TopicScopes(component, sidecar.App.AppId);
        if (!scopes.MaySubscribe(spec.Topic))
        {
            LogForbidden(logger, sidecar.App.AppId, spec.Topic);
            return null;
        }
        var name = component.Get("consumerID") ?? component.Get("consumerGroup") ?? sidecar.App.AppId;
        var group = await machine.Messages.JoinAsync(component.Name, spec.Topic, name);
        var mayDeadLetter = spec.DeadLetterTopic is not null && scopes.MayPublish(spec.DeadLetterTopic);
        LogSubscribed(logger, sidecar.App.AppId, spec.Topic, component.Name);
        return (component, new JoinedSubscription(spec, group, Publisher.RetentionOf(component), mayDeadLetter));
    }

    private static async Task<IReadOnlyList<SubscriptionSpec>> AskAsync(Sidecar sidecar, Machine machine, ILogger logger, CancellationToken stopping)
    {
        var pause = s_firstRetry;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await AskOnceAsync(sidecar, machine, logger, stopping);
            }
            catch (Exception exception) when (
                exception is HttpRequestException or IOException || (exception is OperationCanceledException && !stopping.IsCancellationRequested))
            {
                if (attempt == Tries)
                {
                    LogNoAnswer(logger, sidecar.App.AppId, exception.Message);
                    return [];
                }
                await Task.Delay(pause, machine.Clock, stopping);
                pause = pause * 1.5 > s_longestRetry ? s_longestRetry : pause * 1.5;
            }
        }
    }

    private static async Task<IReadOnlyList<SubscriptionSpec>> AskOnceAsync(Sidecar sidecar, Machine machine, ILogger logger, CancellationToken stopping)
    {
        using var timeout = new CancellationTokenSource(s_answerWithin, machine.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, timeout.Token);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(sidecar.Channel.Address, "/dapr/subscribe"));
        request.Headers.TryAddWithoutValidation(InvokeEndpoints.AppIdHeader, sidecar.App.AppId);
        request.Content = new ByteArrayContent([]) { Headers = { ContentType = new("application/json") } };
        using var response = await sidecar.Channel.SendAsync(request, either.Token);
        var body = await response.Message.Content.ReadAsByteArrayAsync(either.Token);
        if (response.StatusCode == (int)HttpStatusCode.NotFound)
            return [];
        if (response.StatusCode != (int)HttpStatusCode.OK)
        {
            LogRefused(logger, sidecar.App.AppId, response.StatusCode);
            return [];
        }
        try
        {
            return [.. RequestJson.Parse(body).Items().Select(item => Read(item, sidecar.App.AppId, logger)).OfType<SubscriptionSpec>()];
        }
        catch (ApiException exception)
        {
            LogNoAnswer(logger, sidecar.App.AppId, exception.Message);
            return [];
        }
    }

    private static SubscriptionSpec? Read(JsonElement item, string appId, ILogger logger)
    {
        var topic = item.TextOf("topic") ?? "";
        if (item.Member("bulkSubscribe") is { ValueKind: JsonValueKind.Object } bulk && bulk.Member("enabled") is { ValueKind: JsonValueKind.True })
            throw new LocalDaprRefusedException($"app '{appId}' subscribes to topic '{topic}' in bulk, which LocalDapr does not emulate.");
        var routes = item.Member("routes");
        var rules = (routes?.Member("rules")?.Items() ?? [])
            .Select(rule => RouteRule.TryParse(rule.TextOf("match") ?? "", rule.TextOf("path") ?? "")
                ?? throw new LocalDaprRefusedException(
                    $"app '{appId}' routes topic '{topic}' by the rule {rule.TextOf("match")}, "
                    + $"which is more CEL than LocalDapr reads: event.<attribute> == \"value\"."))
            .ToArray();
        var path = routes?.TextOf("default") is { Length: > 0 } chosen ? chosen : item.TextOf("route");
        if (rules.Length == 0 && string.IsNullOrEmpty(path))
        {
            LogNoRoute(logger, appId, topic);
            return null;
        }
        var metadata = item.TextMap("metadata");
        return new SubscriptionSpec(item.TextOf("pubsubname") ?? "", topic)
        {
            Rules = rules,
            DefaultPath = string.IsNullOrEmpty(path) ? null : SubscriptionSpec.Rooted(path),
            DeadLetterTopic = item.TextOf("deadLetterTopic") is { Length: > 0 } dead ? dead : null,
            RawPayload = metadata.GetValueOrDefault("rawPayload") is "true",
            Metadata = metadata,
        };
    }

    [LoggerMessage(LogLevel.Information, "App {AppId} subscribes to topic {Topic} of {PubSub}")]
    private static partial void LogSubscribed(ILogger logger, string appId, string topic, string pubSub);

    [LoggerMessage(LogLevel.Error, "App {AppId} may not subscribe to topic {Topic}")]
    private static partial void LogForbidden(ILogger logger, string appId, string topic);

    [LoggerMessage(LogLevel.Error, "App {AppId} subscribes to topic {Topic} of {PubSub}, which is no pub/sub component it has loaded")]
    private static partial void LogUnknownPubSub(ILogger logger, string appId, string topic, string pubSub);

    [LoggerMessage(LogLevel.Warning, "App {AppId} names no route for topic {Topic}; the subscription is ignored")]
    private static partial void LogNoRoute(ILogger logger, string appId, string topic);

    [LoggerMessage(LogLevel.Error, "App {AppId} answered {Status} when asked for its subscriptions; it gets no messages")]
    private static partial void LogRefused(ILogger logger, string appId, int status);

    [LoggerMessage(LogLevel.Error, "App {AppId} could not be asked for its subscriptions; it gets no messages: {Reason}")]
    private static partial void LogNoAnswer(ILogger logger, string appId, string reason);
}
