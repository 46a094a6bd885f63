using Carter;
using KestrelVoice.Contracts;
using KestrelVoice.Voice;
using KestrelVoice.Voice.Calls;
using KestrelVoice.Voice.Webhooks;

var builder = WebApplication.CreateBuilder(args);
builder.Host.UseDefaultServiceProvider(options => (options.ValidateScopes, options.ValidateOnBuild) = (true, true));
builder.WebHost.ConfigureKestrel(kestrel => (kestrel.AddServerHeader, kestrel.Limits.MaxRequestBodySize) = (false, TwilioForm.MaxBodyBytes));
builder.Services.AddVoice(builder.Configuration);
builder.Services.AddCarter(configurator: carter => carter.WithEmptyValidators());
builder.Services.AddDaprClient(dapr => dapr.UseJsonSerializationOptions(ContractJson.Options));

var app = builder.Build();
app.UseForwardedHeaders();
app.UseWhen(context => context.Request.Path.StartsWithSegments(CallUrls.Prefix), voice => voice.UseMiddleware<TwilioWebhooks>());
app.MapGet("/health/live", () => TypedResults.Ok());
// Callers are answered whatever else is down, so nothing else decides readiness.
app.MapGet("/health/ready", () => TypedResults.Ok());
app.MapGroup(CallUrls.Prefix).MapCarter();
app.Run();
