using System.CommandLine;
using KestrelVoice.CallSimulator.Command;
using KestrelVoice.Cli.Home;
using Simulator = KestrelVoice.CallSimulator.Command.CallCommand;

namespace KestrelVoice.Cli.Commands;

internal static class CallCommand
{
    public static Command Create()
    {
        var script = new Option<string?>("--script") { Description = "A YAML file that says what the caller does and what must come of it; see docs/examples.", HelpName = "FILE" };
        var from = new Option<string?>("--from") { Description = "The caller's number.", HelpName = "NUMBER" };
        var to = new Option<string?>("--to") { Description = "The number to dial. Default: the script's, else the demo tenant's.", HelpName = "NUMBER" };
        var seed = new Option<long?>("--seed") { Description = "Same script and seed, same requests. Default: the script's, else a new one.", HelpName = "N" };
        var at = new Option<DateTimeOffset?>("--at") { Description = "When the call reaches the number, such as 2026-03-01T22:15:00-08:00. Default: the script's, else now.", HelpName = "TIME" };
        var voiceUrl = new Option<string?>("--voice-url") { Description = "The voice app, when it is reached at another address (through a tunnel).", HelpName = "URL" };
        var command = new Command("call", "Be the caller, as Twilio would put you through: type what you say or press. Ends with the call log that came of it.")
        {
            script, from, to, seed, at, voiceUrl,
        };
        command.Run((parsed, context) =>
        {
            var dev = DevFile.Read(context.Home) ?? throw new KestrelException("KestrelVoice is not up. Start it first: ./kestrel up");
            var options = new CallCommandOptions
            {
                VoiceUrl = parsed.GetValue(voiceUrl) ?? dev.VoiceUrl,
                AccountSid = dev.TwilioAccountSid,
                AuthToken = dev.TwilioAuthToken,
                ApiUrl = dev.ApiUrl,
                ApiKey = dev.ApiKey,
                From = parsed.GetValue(from),
                To = parsed.GetValue(to),
                DefaultTo = dev.PhoneNumber,
                ScriptFile = parsed.GetValue(script),
                Seed = parsed.GetValue(seed),
                StartsAt = parsed.GetValue(at),
                RecordingsFolder = context.Home.Recordings,
                StandInUrl = dev.TwilioApiUrl,
            };
            return Simulator.RunAsync(options, context.Terminal.Console, context.Stop.Orderly);
        });
        return command;
    }
}
