using MediatR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace KestrelVoice.Features.Analytics;

/// <summary>Checks once a day, and says when something is off. It changes nothing: that is for somebody who has asked why.</summary>
internal sealed partial class RollupWatch(IServiceScopeFactory scopes, TimeProvider clock, ILogger<RollupWatch> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromDays(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await CheckAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // There is another day.
        }
    }

    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var mediator = scope.ServiceProvider.GetRequiredService<IMediator>();
            if (await mediator.Send(new CheckAnalytics.Command(Tenant: null, Repair: false), cancellationToken) is { Differences: > 0 } found)
                LogOff(logger, found.Differences, found.Tenants);
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException)
        {
            LogPutOff(logger, away.GetType().Name);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Differences} counters of calls, among those of {Tenants} tenants, are not what counting the calls comes to; analytics-check tells which")]
    private static partial void LogOff(ILogger logger, long differences, int tenants);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The daily check of the counters of calls did not come to an end: {Reason}")]
    private static partial void LogPutOff(ILogger logger, string reason);
}

internal static class AnalyticsRegistration
{
    public static IServiceCollection AddAnalytics(this IServiceCollection services) => services.AddHostedService<RollupWatch>();
}
