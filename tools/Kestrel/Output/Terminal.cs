using System.Text;
using Spectre.Console;

namespace KestrelVoice.Cli.Output;

/// <summary>Where the command speaks: colours and a spinner for a person, plain lines for a file, a pipe or <c>NO_COLOR</c>.</summary>
internal sealed class Terminal
{
    private const int NeverWrap = 4096;

    private Terminal(IAnsiConsole console, bool plain, int width)
    {
        Console = console;
        IsPlain = plain;
        Width = width;
    }

    public IAnsiConsole Console { get; }

    public bool IsPlain { get; }

    /// <summary>How much fits on one line of the screen.</summary>
    public int Width { get; }

    public static Terminal ForOutput()
    {
        if (OperatingSystem.IsWindows())
            System.Console.OutputEncoding = Encoding.UTF8;
        var plain = System.Console.IsOutputRedirected || IsSet("NO_COLOR") || IsSet("CI") || Environment.GetEnvironmentVariable("TERM") == "dumb";
        return For(new AnsiConsoleOutput(System.Console.Out), plain);
    }

    public void Line(string text = "") => Console.WriteLine(text);

    public void Markup(FormattableString markup) => Console.MarkupLineInterpolated(markup);

    public void Failure(string message) => Markup($"[red]✗[/] {message}");

    internal static Terminal For(IAnsiConsoleOutput output, bool plain)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = plain ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = plain ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = plain ? InteractionSupport.No : InteractionSupport.Detect,
            Out = output,
        });
        // A command that is broken into lines cannot be copied.
        var width = console.Profile.Width;
        console.Profile.Width = NeverWrap;
        return new Terminal(console, plain, width);
    }

    private static bool IsSet(string variable) => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable));
}
