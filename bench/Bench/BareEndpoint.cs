using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace KestrelVoice.Bench;

/// <summary>The ceiling: the list's own statements through Npgsql alone. No sign-in, no policies, no mediator, no validation.</summary>
internal static class BareEndpoint
{
    private const string Page =
        """
        select id, phone_number, status, duration, recording_sid, transcript, created_at, direction, outcome, emergency
        from call_logs where tenant_id = $1 order by created_at desc, id desc limit $2
        """;

    private const string Total = "select sum(calls)::bigint from call_counts where tenant_id = $1 and grain = 'all' and bucket = '-infinity'";

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
            Options = "-c plan_cache_mode=force_generic_plan",
        });
        app.MapGet("/ready", () => Results.Ok());
        app.MapGet("/list", context => ListAsync(source, tenantId, context));
        app.MapPost("/event/{callSid}/{eventId}", (string callSid, string eventId, HttpRequest request) => AppendAsync(source, tenantId, callSid, eventId, request));
        await app.RunAsync(cancellationToken);
    }

    private static async Task ListAsync(NpgsqlDataSource source, Guid tenantId, HttpContext context)
    {
        await using var connection = await source.OpenConnectionAsync(context.RequestAborted);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand(Page) { Parameters = { new() { Value = tenantId }, new() { Value = 20 } } },
                new NpgsqlBatchCommand(Total) { Parameters = { new() { Value = tenantId } } },
            },
        };
        await using var rows = await batch.ExecuteReaderAsync(context.RequestAborted);
        context.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteStartArray("data");
        while (await rows.ReadAsync(context.RequestAborted))
        {
            json.WriteStartObject();
            json.WriteString("id", rows.GetGuid(0));
            json.WriteString("phone_number", rows.GetString(1));
            json.WriteString("status", rows.GetString(2));
            json.WriteNumber("duration", rows.GetInt32(3));
            json.WriteString("recording_url", rows.IsDBNull(4) ? null : rows.GetString(4));
            json.WriteString("transcript", rows.IsDBNull(5) ? null : rows.GetString(5));
            json.WriteString("created_at", rows.GetDateTime(6));
            json.WriteString("direction", rows.GetString(7));
            json.WriteString("outcome", rows.IsDBNull(8) ? null : rows.GetString(8));
            json.WriteBoolean("emergency", rows.GetBoolean(9));
            json.WriteEndObject();
        }
        json.WriteEndArray();
        await rows.NextResultAsync(context.RequestAborted);
        await rows.ReadAsync(context.RequestAborted);
        json.WriteStartObject("pagination");
        json.WriteNumber("total", rows.GetInt64(0));
        json.WriteNumber("limit", 20);
        json.WriteNumber("offset", 0);
        json.WriteEndObject();
        json.WriteEndObject();
        await json.FlushAsync(context.RequestAborted);
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
