using Npgsql;
using NpgsqlTypes;

namespace KestrelVoice.Bench;

/// <summary>The ceiling: Npgsql alone. No sign-in, no policies, no mediator, no validation.</summary>
internal static class BareEndpoint
{
    private const string InsertEvent =
        """
        insert into bench_events (tenant_id, event_id, call_sid, type, body, received_at) values ($1, $2, $3, $4, $5, now())
        on conflict (tenant_id, event_id) do nothing
        """;

    /// <summary>Serves on a loopback port until cancelled.</summary>
    public static async Task RunAsync(string connectionString, Guid tenantId, int port, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(port));
        await using var app = builder.Build();
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString)
        {
            MaxPoolSize = 8,
            MaxAutoPrepare = 20,
            AutoPrepareMinUsages = 1,
            NoResetOnClose = true,
            Options = "-c plan_cache_mode=force_generic_plan -c jit=off",
        });
        app.MapGet("/ready", () => Results.Ok());
        var list = new BareList(source, tenantId, new Uri($"http://127.0.0.1:{port}"));
        app.MapGet("/list", list.AnswerAsync);
        app.MapPost("/event/{callSid}/{eventId}", (string callSid, string eventId, HttpRequest request) => AppendAsync(source, tenantId, callSid, eventId, request));
        await app.RunAsync(cancellationToken);
    }

    // What taking one event costs at the least: one durable row.
    private static async Task<IResult> AppendAsync(NpgsqlDataSource source, Guid tenantId, string callSid, string eventId, HttpRequest request)
    {
        using var reader = new StreamReader(request.Body);
        var body = await reader.ReadToEndAsync(request.HttpContext.RequestAborted);
        await using var command = source.CreateCommand(InsertEvent);
        command.Parameters.Add(new() { Value = tenantId });
        command.Parameters.Add(new() { Value = eventId });
        command.Parameters.Add(new() { Value = callSid });
        command.Parameters.Add(new() { Value = "bench" });
        command.Parameters.Add(new() { Value = body, NpgsqlDbType = NpgsqlDbType.Jsonb });
        await command.ExecuteNonQueryAsync(request.HttpContext.RequestAborted);
        return Results.NoContent();
    }
}
