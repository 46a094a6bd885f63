using System.CommandLine;
using KestrelVoice.Cli.Testing;

namespace KestrelVoice.Cli.Commands;

internal static class TestCommand
{
    public static Command Create()
    {
        var filter = new Argument<string?>("filter")
        {
            Description = "Only tests whose class or method name contains this, or all tests of an assembly whose name does.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command(
            "test",
            "Check formatting, build with warnings as errors, run every test. Last line: N passed, N failed, N skipped.")
        {
            filter,
        };
        command.Run((parsed, context) => new TestRun(context.Home, context.Terminal, parsed.GetValue(filter)).RunAsync(context.Stop.Orderly));
        return command;
    }
}
