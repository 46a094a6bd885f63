using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using KestrelVoice.CallSimulator.Texts;
using Spectre.Console;

namespace KestrelVoice.CallSimulator.Command;

/// <summary>Shows a call as it happens; without colours and line breaks of its own when nobody looks at a terminal.</summary>
internal sealed class CallPrinter(IAnsiConsole console)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public void Begin(CallPlan plan, string? description, bool byHand)
    {
        if (description is not null)
            Line("bold", description);
        Line("grey", string.Create(CultureInfo.InvariantCulture, $"{plan.From} calls {plan.To} (seed {plan.Seed})"));
        if (byHand)
            Line("grey", "Type what you say, or keys such as 0 or 9. /wait stays silent, /hangup hangs up.");
    }

    public void Entry(TraceEntry entry)
    {
        switch (entry)
        {
            case CallerHeard heard:
                Line("aqua", $"  receptionist: {heard.Text}{(heard.Interrupted ? " (cut short)" : "")}");
                break;
            case CallerActed { Act: "silent" }:
                Line("grey", "  caller: (silence)");
                break;
            case CallerActed { Act: "said" } said:
                Line("green", $"  caller: {said.Detail}{Unused(said)}");
                break;
            case CallerActed acted:
                Line("green", $"  caller {acted.Act} {acted.Detail}{Unused(acted)}");
                break;
            case PhoneDialled dialled:
                Line("yellow", $"  phone {dialled.Number}: {dialled.Status}{(dialled.Status == "completed" ? $", {dialled.Seconds} s" : "")}");
                break;
            case RecordingMade recording:
                Line("grey", $"  recorded {recording.Seconds} s ({recording.Sid})");
                break;
            case WebhookSent { Failure: { } failure } sent:
                Line("grey", $"  {sent.Webhook.Kind}, attempt {sent.Attempt}: {failure}");
                break;
            case CallProblem problem:
                Line("red", $"  Twilio error {problem.Code}: {problem.Message}");
                break;
            case CallOver over:
                Line("grey", $"  call {over.Status} after {over.Seconds} s, ended by the {over.By}");
                break;
        }
    }

    public void CallLog(JsonElement? log)
    {
        if (log is not { } found)
            return;
        Line("bold", "Call log:");
        // The markup would wrap lines at the width of a terminal that is not there.
        console.Profile.Out.Writer.WriteLine(JsonSerializer.Serialize(found, Indented));
    }

    public void Text(SentText text) => Line("aqua", $"text to {text.To}: {text.Body}");

    public void Question(string text) => Line("bold", text);

    public void Note(string text) => Line("grey", text);

    public void Failure(string text) => Line("red", "FAILED: " + text);

    private static string Unused(CallerActed acted) => acted.Used ? "" : " (nobody listens for it)";

    private void Line(string style, string text)
    {
        if (console.Profile.Out.IsTerminal)
            console.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[{style}]{text}[/]");
        else
            console.Profile.Out.Writer.WriteLine(text);
    }
}
