using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Dapper;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Calls;
using KestrelVoice.Features.Identity.Credentials;
using KestrelVoice.Features.Identity.Embedded;
using KestrelVoice.Features.Kernel;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace KestrelVoice.Features.Tests;

/// <summary>The host as it is shipped, on a real socket and a database of its own, with a clock that tests move.</summary>
public class KestrelVoiceApp(TestCluster cluster) : WebApplicationFactory<Program>, IAsyncLifetime
{
    public const string SidecarToken = "the sidecar's token in tests";
    public static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    // The factory's own clients follow redirects and keep cookies when the server is a real one, whatever they are told.
    private static readonly ServiceProvider Bare = new ServiceCollection()
        .ConfigureHttpClientDefaults(clients => clients
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
            .AddHttpMessageHandler(() => new DescribedAnswers.Reader()))
        .AddHttpClient()
        .BuildServiceProvider();

    private TestDatabase? database;
    private NpgsqlDataSource? owner;
    private Dictionary<string, string>? routes;
    private JsonElement? subscriptions;
    private int numbers;

    public FakeTimeProvider Clock { get; } = new(Noon);

    public TestDatabase Database => database ?? throw new InvalidOperationException("The app has not been started.");

    /// <summary>The database as its owner sees it, past every wall.</summary>
    public NpgsqlDataSource Owner => owner ?? throw new InvalidOperationException("The app has not been started.");

    /// <summary>Settings over those of the tests; to be made before the app is first used.</summary>
    public Dictionary<string, string?> Settings { get; } = [];

    public async ValueTask InitializeAsync()
    {
        database = await cluster.CreateDatabaseAsync(TestContext.Current.CancellationToken);
        owner = NpgsqlDataSource.Create(database.Owner);
        UseKestrel(0);
    }

    /// <summary>A business with a number, in the given time zone.</summary>
    public async Task<TestTenant> GivenATenant(string timeZone = "America/Los_Angeles", string name = "Maple Street Plumbing")
    {
        var tenant = new TestTenant(
            Guid.CreateVersion7(Clock.GetUtcNow()), $"+1503555{Interlocked.Increment(ref numbers):0000}", name);
        await using var connection = await Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await connection.ExecuteAsync(
            """
            insert into tenants (id, business_name, plan, time_zone, language, opening_hours, record_calls, person_number, on_call_number,
                ring_seconds, emergency_phrases, created_at)
            values (@Id, @Name, 'business', @TimeZone, 'en-US', '[{"day":"monday","opens":"08:00:00","closes":"17:00:00"}]', true,
                '+15035550110', '+15035550120', 20, array['burst pipe'], @Now);
            insert into phone_numbers (tenant_id, number, created_at) values (@Id, @Number, @Now)
            """,
            new { tenant.Id, tenant.Name, tenant.Number, TimeZone = timeZone, Now = Clock.GetUtcNow().UtcDateTime });
        return tenant;
    }

    /// <summary>A client that is nobody.</summary>
    public HttpClient Stranger()
    {
        StartServer();
        var client = Bare.GetRequiredService<IHttpClientFactory>().CreateClient();
        client.BaseAddress = ClientOptions.BaseAddress;
        return client;
    }

    /// <summary>A client that acts for a tenant, with an API key of its own.</summary>
    public HttpClient ClientFor(TestTenant tenant, params string[] scopes)
    {
        var key = ApiKeyText.Create();
        using var connection = Owner.OpenConnection();
        connection.Execute(
            """
            insert into api_keys (tenant_id, id, lookup_id, hash, prefix, last4, name, scopes, created_at)
            values (@TenantId, @Id, @LookupId, @Hash, @Prefix, @Last4, 'Test', @Scopes, @Now)
            """,
            new
            {
                TenantId = tenant.Id,
                Id = Guid.CreateVersion7(Clock.GetUtcNow()),
                key.LookupId,
                Hash = key.Hash(),
                key.Prefix,
                key.Last4,
                Scopes = scopes is [] ? [Principal.Read, Principal.Write] : scopes,
                Now = Clock.GetUtcNow().UtcDateTime,
            });
        var client = Stranger();
        client.DefaultRequestHeaders.Add("X-API-Key", key.Text);
        return client;
    }

    /// <summary>Hands an event over as the sidecar does, on the route that the host subscribed for its type.</summary>
    public Task<HttpResponseMessage> Deliver(CallEvent callEvent) =>
        Deliver(CallEventTypes.Of(callEvent), callEvent.EventId, JsonSerializer.Serialize(callEvent, callEvent.GetType(), ContractJson.Options));

    public async Task<HttpResponseMessage> Deliver(string type, string id, string data) =>
        await PostAsSidecar(await RouteOf(type), Envelope(Topics.Calls, type, id, data));

    public async Task<HttpResponseMessage> PostAsSidecar(string path, string body, string contentType = "application/cloudevents+json")
    {
        using var client = Stranger();
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(body, Encoding.UTF8, contentType),
            Headers = { { "dapr-api-token", SidecarToken } },
        };
        return await client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>All events of a call, in their order; what is told of it a moment later has been told.</summary>
    public async Task GivenACall(params IEnumerable<CallEvent> events)
    {
        foreach (var callEvent in events)
            (await Deliver(callEvent)).EnsureSuccessStatusCode();
        await WhatIsDueIsTold(after: CallAnnouncements.Settling);
    }

    /// <summary>Lets time pass until nothing is left that was to be told of calls by then.</summary>
    public async Task WhatIsDueIsTold(TimeSpan after)
    {
        var until = Services.GetRequiredService<TimeProvider>().GetUtcNow() + after;
        await using var connection = await Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        while (await connection.QuerySingleAsync<bool>("select exists (select from call_announcements where due_at <= @Until)", new { Until = until.UtcDateTime }))
        {
            Clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(5, patience.Token);
        }
    }

    /// <summary>Hands what waits in the outbox to whoever subscribed to it, as relay and sidecar do. What cannot be taken now stays.</summary>
    /// <param name="times">How often each; a broker may deliver twice.</param>
    public async Task Relay(int times = 1)
    {
        await using var connection = await Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        var rows = (await connection.QueryAsync<(Guid Id, string Topic, string Type, string Data)>(
            "select id, topic, type, data::text from outbox order by created_at, id")).AsList();
        foreach (var row in rows)
        {
            // What completed calls set off runs in the sidecar's workflows.
            if (await Subscription(row.Topic) is not { } subscription || (row.Topic == Topics.CompletedCalls && !Settings.ContainsKey("DAPR_GRPC_ENDPOINT")))
                continue;
            var route = subscription.TryGetProperty("route", out var only) ? only : subscription.GetProperty("routes").GetProperty("default");
            var taken = true;
            for (var time = 0; time < times; time++)
            {
                using var response = await PostAsSidecar(Rooted(route.GetString()!), Envelope(row.Topic, row.Type, row.Id.ToString(), row.Data));
                taken = response.StatusCode != HttpStatusCode.ServiceUnavailable;
                if (taken)
                    response.EnsureSuccessStatusCode();
            }
            if (taken)
                await connection.ExecuteAsync("delete from outbox where id = @Id", new { row.Id });
        }
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseEnvironment("Production");
        builder.ConfigureLogging(logging => logging.AddFilter((category, level) =>
            level >= LogLevel.Error && category?.StartsWith("KestrelVoice", StringComparison.Ordinal) == true));
        builder.UseSetting("ConnectionStrings:Kestrel", Database.App);
        builder.UseSetting("Logging:LogLevel:Polly", "None");
        builder.UseSetting("APP_API_TOKEN", SidecarToken);
        builder.UseSetting("Auth:PublicUrl", "https://api.example.test");
        // Nobody listens there: no test may reach for the real one.
        builder.UseSetting("Twilio:ApiBaseUrl", "http://127.0.0.1:9");
        builder.UseSetting("DAPR_GRPC_ENDPOINT", "http://127.0.0.1:9");
        builder.UseSetting("Encryption:Keys:0", "test:" + Convert.ToBase64String(new byte[32]));
        // There is no sidecar: tests hand over themselves what waits in the outbox.
        builder.UseSetting("Outbox:Relay", "false");
        // The clock of tests stands still, and with it the minute.
        foreach (var limit in new[] { "Personal", "Business", "BusinessPlus", "RefusedPerAddress" })
            builder.UseSetting("RateLimits:" + limit, "1000000");
        // The customers of tests run on this machine.
        builder.UseSetting("CustomerUrls:AllowedNetworks:0", "127.0.0.0/8");
        builder.UseSetting("CustomerUrls:AllowInProduction", "true");
        foreach (var (name, value) in Settings)
            builder.UseSetting(name, value);
        builder.ConfigureTestServices(services =>
        {
            services.AddSingleton<TimeProvider>(Clock);
            services.AddSingleton<IStartupFilter, DescribedAnswers>();
            // As strong as in production, every test that signs in would take a second.
            services.AddSingleton(_ => new Passwords(iterations: 1000));
        });
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (owner is not null)
            await owner.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private async Task<string> RouteOf(string type)
    {
        if (routes is null)
        {
            var calls = (await Subscription(Topics.Calls))!.Value;
            var found = calls.GetProperty("routes").GetProperty("rules").EnumerateArray().ToDictionary(
                rule => rule.GetProperty("match").GetString()!.Split('"')[1], rule => Rooted(rule.GetProperty("path").GetString()!));
            found[""] = Rooted(calls.GetProperty("routes").GetProperty("default").GetString()!);
            routes = found;
        }
        return routes.GetValueOrDefault(type, routes[""]);
    }

    private async Task<JsonElement?> Subscription(string topic)
    {
        if (subscriptions is null)
        {
            using var client = Stranger();
            client.DefaultRequestHeaders.Add("dapr-api-token", SidecarToken);
            subscriptions = await client.GetFromJsonAsync<JsonElement>("/dapr/subscribe", TestContext.Current.CancellationToken);
        }
        var found = subscriptions.Value.EnumerateArray().Where(subscription => subscription.GetProperty("topic").GetString() == topic).ToList();
        return found is [] ? null : found.Single();
    }

    private static string Envelope(string topic, string type, string id, string data) =>
        $$"""
        {"specversion":"1.0","id":{{JsonSerializer.Serialize(id)}},"type":{{JsonSerializer.Serialize(type)}},"source":"test",
         "datacontenttype":"application/json","topic":"{{topic}}","pubsubname":"pubsub","data":{{data}}}
        """;

    private static string Rooted(string path) => path.StartsWith('/') ? path : "/" + path;
}

/// <summary>A business in tests.</summary>
public sealed record TestTenant(Guid Id, string Number, string Name);
