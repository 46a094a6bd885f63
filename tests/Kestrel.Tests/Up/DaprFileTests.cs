using KestrelVoice.Cli;
using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Up;
using YamlDotNet.RepresentationModel;

namespace KestrelVoice.Kestrel.Tests.Up;

public sealed class DaprFileTests
{
    private static readonly string Checkout = KestrelHome.Find(null, AppContext.BaseDirectory).Checkout;

    [Fact]
    public void All_ports_of_our_own_file_move_with_the_base()
    {
        var host = AppsOf(6200)["host"];
        var voice = AppsOf(6200)["voice"];

        (host["appPort"], host["daprHTTPPort"], host["daprGRPCPort"]).ShouldBe(("6280", "6281", "6282"));
        (voice["appPort"], voice["daprHTTPPort"], voice["daprGRPCPort"]).ShouldBe(("6290", "6291", "6292"));
        host["env"]["ASPNETCORE_URLS"].ShouldBe("http://127.0.0.1:6280");
        voice["env"]["ASPNETCORE_URLS"].ShouldBe("http://127.0.0.1:6290");
    }

    [Fact]
    public void At_the_default_base_nothing_moves() => AppsOf(PortPlan.DefaultBase)["host"]["appPort"].ShouldBe("5080");

    [Fact]
    public void The_ports_are_those_that_the_rest_of_a_run_counts_on()
    {
        var ports = new PortPlan(7300);
        var apps = AppsOf(7300);

        apps["host"]["appPort"].ToString().ShouldBe($"{ports.Host}");
        apps["host"]["daprHTTPPort"].ToString().ShouldBe($"{ports.HostSidecar}");
        apps["host"]["daprGRPCPort"].ToString().ShouldBe($"{ports.HostSidecarGrpc}");
        apps["voice"]["appPort"].ToString().ShouldBe($"{ports.Voice}");
        apps["voice"]["daprHTTPPort"].ToString().ShouldBe($"{ports.VoiceSidecar}");
        apps["voice"]["daprGRPCPort"].ToString().ShouldBe($"{ports.VoiceSidecarGrpc}");
    }

    [Fact]
    public void Paths_no_longer_depend_on_where_the_copy_lies()
    {
        var root = Load(DaprFile.Rewrite(OurFile(), Checkout, 6200));

        root["common"]["resourcesPaths"][0].ShouldBe(Path.Combine(Checkout, "components"));
        root["common"]["configFilePath"].ShouldBe(Path.Combine(Checkout, "components", "config", "local.yaml"));
        AppsOf(6200)["host"]["appDirPath"].ShouldBe(Path.Combine(Checkout, "src", "Host"));
    }

    [Fact]
    public void Both_apps_and_sidecars_log_to_the_console_where_their_lines_are_collected()
    {
        foreach (var app in AppsOf(6200).Values)
            (app["appLogDestination"], app["daprdLogDestination"]).ShouldBe(("console", "console"));
    }

    [Fact]
    public void An_address_of_another_app_in_the_environment_follows_only_when_it_is_this_apps_port()
    {
        const string file = """
            version: 1
            apps:
              - appID: one
                appDirPath: ./one
                appPort: 5080
                env:
                  OWN: http://127.0.0.1:5080/path
                  OTHER: redis:6379
                  TEXT: "5080"
            """;

        var environment = Load(DaprFile.Rewrite(file, "/srv", 6000))["apps"][0]["env"];

        environment["OWN"].ShouldBe("http://127.0.0.1:6080/path");
        environment["OTHER"].ShouldBe("redis:6379");
        environment["TEXT"].ShouldBe("5080");
    }

    [Theory]
    [InlineData("")]
    [InlineData("version: 1")]
    [InlineData("apps: {}")]
    [InlineData("apps: [")]
    public void A_file_without_apps_is_refused_by_name(string file) =>
        Should.Throw<KestrelException>(() => DaprFile.Rewrite(file, "/srv", 6000)).Message.ShouldContain("dapr.yaml");

    private static string OurFile() => File.ReadAllText(Path.Combine(Checkout, "dapr.yaml"));

    private static Dictionary<string, YamlNode> AppsOf(int portBase) =>
        ((YamlSequenceNode)Load(DaprFile.Rewrite(OurFile(), Checkout, portBase))["apps"]).ToDictionary(app => app["appID"].ToString());

    private static YamlNode Load(string text)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(text));
        return yaml.Documents[0].RootNode;
    }
}
