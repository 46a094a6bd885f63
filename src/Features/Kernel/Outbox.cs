using System.Text.Json;
using Grpc.Net.Client;
using KestrelVoice.Contracts;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Kernel;

/// <summary>Says something to a topic exactly when a transaction commits: as a row of that transaction, which the relay publishes and removes.</summary>
internal sealed class Outbox(TimeProvider clock) : IDisposable
{
    /// <summary>Whether this process publishes; another one of the deployment may.</summary>
    public const string RelaySetting = "Outbox:Relay";

    private const string Insert =
        """
        insert into outbox (id, topic, type, data, urgent, created_at)
        values (@Id, @Topic, @Type, @Data::jsonb, @Urgent, @Now)
        """;

    private readonly Signal _written = new(clock);

    /// <param name="type">Of the CloudEvent.</param>
    /// <param name="reference">Ids only: rows are read across tenants, and brokers keep what they are given.</param>
    /// <param name="urgent">Overtakes others that wait to be published.</param>
    public async Task AddAsync<T>(
        TenantTransaction transaction, string topic, string type, T reference, bool urgent, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var data = JsonSerializer.Serialize(reference, ContractJson.Options);
        await transaction.ExecuteAsync(
            Insert, new { Id = Guid.CreateVersion7(now), Topic = topic, Type = type, Data = data, Urgent = urgent, Now = now.UtcDateTime }, cancellationToken);
        transaction.OnceCommitted(_written.Give);
    }

    /// <summary>Until something may be there, and no longer than <paramref name="pause"/>.</summary>
    public Task WaitAsync(TimeSpan pause, CancellationToken cancellationToken) => _written.WaitAsync(pause, cancellationToken);

    public void Dispose() => _written.Dispose();
}

internal static class OutboxRegistration
{
    public static IServiceCollection AddOutbox(this IServiceCollection services, IConfiguration configuration)
    {
        // By default a sidecar that was away for long is not looked for again for up to two minutes.
        services.AddDaprClient(dapr => dapr
            .UseJsonSerializationOptions(ContractJson.Options)
            .UseGrpcChannelOptions(new GrpcChannelOptions
            {
                ThrowOperationCanceledOnCancellation = true,
                InitialReconnectBackoff = TimeSpan.FromMilliseconds(250),
                MaxReconnectBackoff = TimeSpan.FromSeconds(5),
            }));
        services.AddSingleton<Outbox>();
        return configuration.GetValue(Outbox.RelaySetting, defaultValue: true) ? services.AddHostedService<OutboxRelay>() : services;
    }
}
