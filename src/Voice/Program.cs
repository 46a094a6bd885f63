using Carter;
using Grpc.Net.Client;
using KestrelVoice.Contracts;
using KestrelVoice.Voice;
using KestrelVoice.Voice.Calls;
using KestrelVoice.Voice.Webhooks;

var builder = WebApplication.CreateBuilder(args);
builder.Host.UseDefaultServiceProvider(options => (options.ValidateScopes, options.ValidateOnBuild) = (true, true));
builder.WebHost.ConfigureKestrel(kestrel => (kestrel.AddServerHeader, kestrel.Limits.MaxRequestBodySize) = (false, TwilioForm.MaxBodyBytes));
builder.Services.AddVoice(builder.Configuration);
builder.Services.AddCarter(configurator: carter => carter.WithEmptyValidators());
// By default a sidecar that was away for long is not looked for again for up to two minutes.
builder.Services.AddDaprClient(dapr => dapr
    .UseJsonSerializationOptions(ContractJson.Options)
    .UseGrpcChannelOptions(new GrpcChannelOptions
    {
        ThrowOperationCanceledOnCancellation = true,
        InitialReconnectBackoff = TimeSpan.FromMilliseconds(250),
        MaxReconnectBackoff = TimeSpan.FromSeconds(5),
    }));

var app = builder.Build();
app.UseForwardedHeaders();
app.UseWhen(context => context.Request.Path.StartsWithSegments(CallUrls.Prefix), voice => voice.UseMiddleware<TwilioWebhooks>());
app.MapGet("/health/live", () => TypedResults.Ok());
// Callers are answered whatever else is down, so nothing else decides readiness.
app.MapGet("/health/ready", () => TypedResults.Ok());
app.MapGroup(CallUrls.Prefix).MapCarter();
app.Run();
