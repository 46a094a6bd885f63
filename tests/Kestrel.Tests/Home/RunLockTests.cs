using KestrelVoice.Cli.Home;

namespace KestrelVoice.Kestrel.Tests.Home;

public sealed class RunLockTests : IDisposable
{
    private readonly TempFolder folder = new();
    private readonly KestrelHome home;

    public RunLockTests()
    {
        home = new KestrelHome(folder.Path, folder[".kestrel"]);
        home.Create();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Only_one_holds_it()
    {
        using var first = await RunLock.TryTakeAsync(home, Token);

        first.ShouldNotBeNull();
        (await RunLock.TryTakeAsync(home, Token)).ShouldBeNull();
        (await RunLock.IsHeldAsync(home, Token)).ShouldBeTrue();
    }

    [Fact]
    public async Task Once_let_go_it_can_be_taken_again()
    {
        (await RunLock.TryTakeAsync(home, Token))!.Dispose();

        (await RunLock.IsHeldAsync(home, Token)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_home_that_never_ran_holds_none() =>
        (await RunLock.IsHeldAsync(new KestrelHome(folder.Path, folder["never"]), Token)).ShouldBeFalse();

    public void Dispose() => folder.Dispose();
}
