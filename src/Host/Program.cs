using KestrelVoice.Features;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Host;

var builder = WebApplication.CreateBuilder(args);
builder.Host.UseDefaultServiceProvider(options => (options.ValidateScopes, options.ValidateOnBuild) = (true, true));
builder.Logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
builder.AddLimits();
builder.Services.AddFeatures(builder.Configuration);
builder.Services.AddHealth();
builder.Services.AddProxies(builder.Configuration);
builder.Services.AddBrowsers(builder.Configuration);
builder.Services.AddApiDescription();
if (Commands.Find(args) is { } command)
    return await command(builder);

var app = builder.Build();
app.UseForwardedHeaders();
app.UseSecurityHeaders();
app.UseFeatures();
app.MapFeatures();
app.MapHealth();
app.MapApiDescription();
app.RequirePoliciesEverywhere();
await app.RunAsync();
return 0;
