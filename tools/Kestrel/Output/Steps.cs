using System.Globalization;
using Spectre.Console;

namespace KestrelVoice.Cli.Output;

/// <summary>Tells what is being done while it lasts, and how it ended.</summary>
internal sealed class Steps(Terminal terminal, TimeProvider clock)
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(10);

    /// <summary>A step under way.</summary>
    internal sealed class Step
    {
        /// <summary>What it is busy with right now.</summary>
        public string Now { get; set; } = "";

        /// <summary>What to say about it once done.</summary>
        public string Outcome { get; set; } = "";
    }

    public Task RunAsync(string title, Func<Step, Task> work, CancellationToken cancellationToken) =>
        RunAsync(
            title,
            async step =>
            {
                await work(step);
                return true;
            },
            cancellationToken);

    public async Task<T> RunAsync<T>(string title, Func<Step, Task<T>> work, CancellationToken cancellationToken)
    {
        var step = new Step();
        var began = clock.GetTimestamp();
        try
        {
            var result = await ShowWhileAsync(title, step, work(step), began, cancellationToken);
            var outcome = step.Outcome.Length > 0 ? $": {step.Outcome}" : "";
            terminal.Markup($"[green]✓[/] {title}{outcome} [grey]({Elapsed(began)})[/]");
            return result;
        }
        catch (Exception problem)
        {
            if (problem is OperationCanceledException)
                terminal.Markup($"[yellow]-[/] {title}: stopped");
            else
                terminal.Markup($"[red]✗[/] {title} [grey]({Elapsed(began)})[/]");
            throw;
        }
    }

    private async Task<T> ShowWhileAsync<T>(string title, Step step, Task<T> work, long began, CancellationToken cancellationToken)
    {
        if (terminal.IsPlain || !terminal.Console.Profile.Capabilities.Interactive)
        {
            while (await Task.WhenAny(work, Task.Delay(Heartbeat, clock, cancellationToken)) != work && !cancellationToken.IsCancellationRequested)
                terminal.Line($"  ... {Describe(title, step, began)}");
            return await work;
        }

        return await terminal.Console.Status().Spinner(Spinner.Known.Dots).StartAsync(Markup.Escape(title), async status =>
        {
            while (await Task.WhenAny(work, Task.Delay(TimeSpan.FromMilliseconds(200), clock, CancellationToken.None)) != work)
                status.Status(Markup.Escape(Fitting(Describe(title, step, began))));
            return await work;
        });
    }

    private string Describe(string title, Step step, long began) =>
        step.Now.Length > 0 ? $"{title}: {step.Now} ({Elapsed(began)})" : $"{title} ({Elapsed(began)})";

    /// <summary>The spinner redraws one line; a longer text would leave its rest behind.</summary>
    private string Fitting(string text) => text.Length > terminal.Width - 4 ? text[..Math.Max(0, terminal.Width - 4)] : text;

    private string Elapsed(long began)
    {
        var elapsed = clock.GetElapsedTime(began);
        return elapsed < TimeSpan.FromMinutes(1)
            ? elapsed.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + " s"
            : elapsed.ToString(@"m\:ss", CultureInfo.InvariantCulture) + " min";
    }
}
