using System.Globalization;
using System.Net;
using Dapr.Client;
using Grpc.Core;
using KestrelVoice.Contracts;
using Polly;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace KestrelVoice.Voice.Dapr;

/// <summary>A read that may have failed; a failure is not an absence.</summary>
internal readonly record struct Reading<T>(bool Succeeded, T? Value, string? ETag = null);

/// <summary>
/// The sidecar, as someone with a caller on the line uses it: each kind of request has its own short timeout and its own breaker, so that what is down
/// costs the caller one wait and costs the next callers none. Failures are results here, not exceptions.
/// </summary>
internal sealed partial class Sidecar(DaprClient dapr, TimeProvider clock, ILogger<Sidecar> logger)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    // Without the answer the caller gets no more than a voicemail, so it is worth a second more.
    private static readonly TimeSpan LookUpTimeout = TimeSpan.FromSeconds(3);

    // The host may have to ask a calendar.
    private static readonly TimeSpan BookingTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Break = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Sampling = TimeSpan.FromSeconds(10);

    private readonly ResiliencePipeline _publishing = Pipeline(clock, Timeout);
    private readonly ResiliencePipeline _state = Pipeline(clock, Timeout);
    private readonly ResiliencePipeline _host = Pipeline(clock, LookUpTimeout);
    private readonly ResiliencePipeline _booking = Pipeline(clock, BookingTimeout);
    private readonly HttpClient _hostClient = dapr.CreateInvokableHttpClient(AppIds.Host);

    public Task<bool> TryPublishAsync(OutgoingEvent outgoing, CancellationToken cancellationToken) => Try(
        _publishing, "publish",
        token => dapr.PublishByteEventAsync(
            Components.PubSub, Topics.Calls, outgoing.Data, "application/json",
            new Dictionary<string, string>
            {
                ["cloudevent.id"] = outgoing.EventId,
                ["cloudevent.type"] = outgoing.Type,
                ["partitionKey"] = outgoing.CallSid,
            },
            token),
        cancellationToken);

    public async Task<Reading<T>> ReadStateAsync<T>(string key)
    {
        (T? Value, string? ETag) read = default;
        var succeeded = await Try(_state, "read state", async token =>
        {
            var (value, etag) = await dapr.GetStateAndETagAsync<T>(Components.StateStore, key, cancellationToken: token);
            read = (value, etag);
        }, CancellationToken.None);
        return succeeded ? new(true, read.Value, read.ETag) : default;
    }

    /// <summary>False when it was not written, be it that somebody else was first.</summary>
    public async Task<bool> TryWriteStateAsync<T>(string key, T value, string? etag, TimeSpan timeToLive)
    {
        var metadata = new Dictionary<string, string> { ["ttlInSeconds"] = ((long)timeToLive.TotalSeconds).ToString(CultureInfo.InvariantCulture) };
        var written = true;
        var succeeded = await Try(_state, "write state", async token =>
        {
            if (string.IsNullOrEmpty(etag))
                await dapr.SaveStateAsync(Components.StateStore, key, value, metadata: metadata, cancellationToken: token);
            else
                written = await dapr.TrySaveStateAsync(Components.StateStore, key, value, etag, metadata: metadata, cancellationToken: token);
        }, CancellationToken.None);
        return succeeded && written;
    }

    public Task<bool> TryDeleteStateAsync(string key) =>
        Try(_state, "delete state", token => dapr.DeleteStateAsync(Components.StateStore, key, cancellationToken: token), CancellationToken.None);

    /// <summary>Settings of the number's tenant; a successful null is a number that nobody owns.</summary>
    public async Task<Reading<RoutingSettings>> LookUpAsync(string phoneNumber)
    {
        RoutingSettings? settings = null;
        var succeeded = await Try(_host, "look up a number", async token =>
        {
            using var response = await _hostClient.PostAsJsonAsync(InternalRoutes.Routing, new RoutingLookup(phoneNumber), ContractJson.Options, token);
            if (response.StatusCode == HttpStatusCode.NotFound && !await IsFromSidecar(response, token))
                return;
            response.EnsureSuccessStatusCode();
            settings = await response.Content.ReadFromJsonAsync<RoutingSettings>(ContractJson.Options, token)
                ?? throw new InvalidDataException("The host answered no settings.");
        }, CancellationToken.None);
        return new(succeeded, settings);
    }

    /// <summary>Asks about, or for, an appointment; a successful null is a refusal that would come again.</summary>
    public async Task<Reading<BookingAnswer>> AskForAppointmentAsync<T>(string route, T wanted)
    {
        BookingAnswer? answer = null;
        var succeeded = await Try(_booking, "ask for an appointment", async token =>
        {
            using var response = await _hostClient.PostAsJsonAsync(route, wanted, ContractJson.Options, token);
            if ((int)response.StatusCode is >= 400 and < 500 and not (int)HttpStatusCode.RequestTimeout && !await IsFromSidecar(response, token))
                return;
            response.EnsureSuccessStatusCode();
            answer = await response.Content.ReadFromJsonAsync<BookingAnswer>(ContractJson.Options, token);
        }, CancellationToken.None);
        return new(succeeded, answer);
    }

    // The sidecar answers 404 itself when it knows no such app; its errors name a code.
    private static async Task<bool> IsFromSidecar(HttpResponseMessage response, CancellationToken cancellationToken) =>
        (await response.Content.ReadAsStringAsync(cancellationToken)).Contains("\"errorCode\"", StringComparison.Ordinal);

    private async Task<bool> Try(ResiliencePipeline pipeline, string what, Func<CancellationToken, Task> act, CancellationToken cancellationToken)
    {
        try
        {
            await pipeline.ExecuteAsync(async token => await act(token), cancellationToken);
            return true;
        }
        catch (BrokenCircuitException)
        {
            return false;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            LogFailed(what, ReasonOf(failure));
            return false;
        }
    }

    // Messages may quote a body; type and status tell enough.
    private static string ReasonOf(Exception failure) => (failure.InnerException ?? failure) switch
    {
        RpcException rpc => rpc.StatusCode.ToString(),
        HttpRequestException { StatusCode: { } status } => status.ToString(),
        var other => other.GetType().Name,
    };

    private static ResiliencePipeline Pipeline(TimeProvider clock, TimeSpan timeout) => new ResiliencePipelineBuilder { TimeProvider = clock }
        .AddCircuitBreaker(new CircuitBreakerStrategyOptions
        {
            FailureRatio = 0.8,
            MinimumThroughput = 4,
            SamplingDuration = Sampling,
            BreakDuration = Break,
        })
        .AddTimeout(new TimeoutStrategyOptions { Timeout = timeout })
        .Build();

    [LoggerMessage(LogLevel.Warning, "The sidecar could not {What}: {Failure}.")]
    private partial void LogFailed(string what, string failure);
}
