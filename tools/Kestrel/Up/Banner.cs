using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Output;

namespace KestrelVoice.Cli.Up;

/// <summary>What a person needs once everything runs.</summary>
internal static class Banner
{
    public static void Show(Terminal terminal, DevFile dev, KestrelHome home, bool foreground)
    {
        terminal.Line();
        terminal.Markup($"[bold green]KestrelVoice is up.[/]");
        terminal.Line();
        Row(terminal, "API", dev.ApiUrl);
        Row(terminal, "API reference", $"{dev.ApiUrl}/docs");
        Row(terminal, "Sign in", $"{dev.ApiUrl}/login");
        Row(terminal, "  email", dev.Email);
        Row(terminal, "  password", dev.Password);
        Row(terminal, "API key", dev.ApiKey);
        Row(terminal, "Voice app", $"{dev.VoiceUrl}/voice/incoming");
        Row(terminal, "Phone number", dev.PhoneNumber);
        terminal.Line();
        terminal.Markup($"[bold]Try next[/]");
        Next(terminal, "./kestrel call", "be the caller: type what you say, read what you hear");
        Next(terminal, "./kestrel call --script docs/examples/leak.yaml", "an emergency, played for you");
        Next(terminal, "./kestrel listen", "receive the webhooks of your calls, verified and printed");
        Next(terminal, $"curl -H \"X-API-Key: {dev.ApiKey}\" {dev.ApiUrl}/api/call-logs", "what the API says of it");
        Next(terminal, "./kestrel status", "how the parts are doing");
        Next(terminal, "./kestrel logs -f", "what they are saying");
        terminal.Line();
        terminal.Markup($"[grey]For scripts, all of this is in {KestrelHome.Shown(home.DevFile)} while it runs.[/]");
        if (foreground)
            terminal.Markup($"[grey]Ctrl-C stops everything; your data stays.[/]");
        else
            terminal.Markup($"[grey]It goes on in the background; ./kestrel down stops it, your data stays.[/]");
    }

    private static void Row(Terminal terminal, string name, string value) => terminal.Markup($"  [grey]{name,-14}[/] {value}");

    private static void Next(Terminal terminal, string command, string why)
    {
        terminal.Markup($"  [blue]{command}[/]");
        terminal.Markup($"      [grey]{why}[/]");
    }
}
