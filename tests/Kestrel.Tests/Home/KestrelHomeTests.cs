using KestrelVoice.Cli;
using KestrelVoice.Cli.Home;

namespace KestrelVoice.Kestrel.Tests.Home;

public sealed class KestrelHomeTests : IDisposable
{
    private readonly TempFolder folder = new();

    [Fact]
    public void The_checkout_is_found_above_the_program_wherever_it_is_started_from()
    {
        File.WriteAllText(folder["KestrelVoice.sln"], "");
        var program = Directory.CreateDirectory(folder["tools/Kestrel/bin/Release/net10.0"]).FullName;

        var home = KestrelHome.Find(folder["elsewhere"], program);

        home.Checkout.ShouldBe(folder.Path);
        home.State.ShouldBe(Path.Combine(folder["elsewhere"], ".kestrel"));
    }

    [Fact]
    public void Without_a_checkout_there_is_nothing_to_run() =>
        Should.Throw<KestrelException>(() => KestrelHome.Find(null, folder.Path)).Message.ShouldContain("checkout");

    public void Dispose() => folder.Dispose();
}
