using System.Security.Cryptography;
using System.Text.Json;
using KestrelVoice.CallSimulator.Callers;
using KestrelVoice.CallSimulator.Recordings;
using KestrelVoice.CallSimulator.Scripts;
using KestrelVoice.CallSimulator.Texts;
using KestrelVoice.CallSimulator.Webhooks;
using Spectre.Console;

namespace KestrelVoice.CallSimulator.Command;

/// <summary><c>./kestrel call</c>: one call, by script or by hand, and the call log that came of it.</summary>
public static class CallCommand
{
    private const string DefaultFrom = "+15035550142";
    private static readonly TimeSpan UntilTextArrives = TimeSpan.FromSeconds(10);

    /// <returns>0 when the call went as it should; 1 when an expectation failed or Twilio would have complained.</returns>
    public static async Task<int> RunAsync(CallCommandOptions options, IAnsiConsole console, CancellationToken cancellationToken)
    {
        var printer = new CallPrinter(console);
        try
        {
            var script = options.ScriptFile is { } file ? await CallScriptReader.ReadFileAsync(file, cancellationToken) : null;
            return await CallAsync(options, script, printer, cancellationToken) ? 0 : 1;
        }
        catch (Exception exception) when (exception is CallScriptException or CallLogException or FormatException or IOException)
        {
            printer.Failure(exception.Message);
            return 1;
        }
    }

    private static async Task<bool> CallAsync(CallCommandOptions options, CallScript? script, CallPrinter printer, CancellationToken cancellationToken)
    {
        var to = options.To ?? script?.To ?? options.DefaultTo ?? throw new FormatException("no number to dial: give --to, or to: in the script");
        await using var standIn = options.StandInUrl is null
            ? await TwilioStandIn.StartAsync(options.RecordingsFolder, options.AccountSid, options.AuthToken, cancellationToken: cancellationToken)
            : null;
        var plan = new CallPlan
        {
            VoiceUrl = CallPlan.VoiceUrlOf(options.VoiceUrl),
            AccountSid = options.AccountSid,
            AuthToken = options.AuthToken,
            From = options.From ?? script?.From ?? DefaultFrom,
            To = to,
            CallerName = script?.CallerName,
            ForwardedFrom = script?.ForwardedFrom,
            Seed = options.Seed ?? script?.Seed ?? RandomNumberGenerator.GetInt32(int.MaxValue),
            StartsAt = options.StartsAt ?? script?.StartsAt ?? TimeProvider.System.GetUtcNow(),
            RecordingsFolder = options.RecordingsFolder,
            ApiBaseUrl = options.StandInUrl ?? standIn!.BaseUrl.ToString(),
            Observer = printer.Entry,
        };

        using var http = WebhookHttp.CreateClient();
        using var api = options is { ApiUrl: { } url, ApiKey: { } key } ? new CallLogClient(url, key) : null;
        var before = api is null ? [] : await api.KnownAsync(cancellationToken);
        using var texts = new TextsClient(plan.ApiBaseUrl, options.AccountSid, options.AuthToken);
        var textsBefore = await texts.ToAsync(plan.From, cancellationToken);
        var started = TimeProvider.System.GetUtcNow();
        var scripted = script is null ? null : new ScriptedCaller(script);
        printer.Begin(plan, script?.Description, byHand: script is null);
        var trace = await new SimulatedCall(http, plan, scripted ?? (Caller)new InteractiveCaller(options.Input, printer)).RunAsync(cancellationToken);

        var wellBehaved = Judge(trace, scripted, options.ScriptFile, printer);
        if (api is null)
        {
            printer.Note("No API URL and key: the call log is not looked up.");
            return wellBehaved && script?.CallLog is null;
        }

        var expectation = script?.CallLog ?? new CallLogExpectation();
        var (log, unmet) = await api.WaitAsync(before, plan.From, started, expectation, awaitRecording: trace.Recordings.Any(), cancellationToken);
        printer.CallLog(log);
        if (unmet is null)
            return await TextArrivesAsync(script, log, plan.From, texts, textsBefore, printer, cancellationToken) && wellBehaved;
        printer.Failure($"call log, after {expectation.Within.TotalSeconds:0} s: {unmet}");
        return false;
    }

    // Whoever booked is sent a text, if the host is told to send any; nobody else is.
    private static async Task<bool> TextArrivesAsync(
        CallScript? script, JsonElement? log, string from, TextsClient texts, IReadOnlyList<SentText> before, CallPrinter printer,
        CancellationToken cancellationToken)
    {
        var booked = log is { } found && found.TryGetProperty("outcome", out var outcome) && outcome.ValueEquals("appointment_booked");
        if (!booked && script?.Text is null)
            return true;
        var text = await texts.WaitAsync(from, before, UntilTextArrives, cancellationToken);
        if (text is not null)
            printer.Text(text);
        if (script?.Text is not { } wanted || (text is not null && wanted.In(text.Body)))
            return true;
        printer.Failure(text is null ? $"no text came to {from}" : $"the text does not say {wanted}");
        return false;
    }

    private static bool Judge(CallTrace trace, ScriptedCaller? scripted, string? file, CallPrinter printer)
    {
        if (trace.Problems.Any())
            printer.Failure("Twilio would have complained, see above");
        if (scripted?.Failure is { } failure)
            printer.Failure($"{Path.GetFileName(file)} line {failure.Line}: {failure.Reason}");
        return !trace.Problems.Any() && scripted?.Failure is null;
    }
}
