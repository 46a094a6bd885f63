using KestrelVoice.LocalDapr.RunFiles;

namespace KestrelVoice.LocalDapr.Tests.RunFiles;

public sealed class RunFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kestrel-runfile-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void An_app_inherits_from_common_and_its_own_values_win()
    {
        Create("components/", "host/own/", "voice/", "common.yaml", "host/host.yaml");

        var apps = Load(
            """
            version: 1
            unknownKey: ignored
            common:
              resourcesPaths: [./components]
              configFilePath: ./common.yaml
              enableAppHealthCheck: true
              appHealthCheckPath: /health/ready
              appHealthProbeInterval: 2
              readBufferSize: 16Ki
              appMaxConcurrency: 7
              env: { A: common, B: common, N: 5 }
            apps:
              - appID: host
                appDirPath: ./host
                appPort: 5080
                resourcesPaths: [./own]
                configFilePath: host.yaml
                enableAppHealthCheck: false
                appMaxConcurrency: 3
                env: { B: host }
                command: [dotnet, run]
              - appDirPath: voice
            """);

        var host = apps[0];
        host.AppPort.ShouldBe(5080);
        host.ResourcesPaths.ShouldBe([At("host/own")]);
        host.ConfigFile.ShouldBe(At("host/host.yaml"));
        host.Health.ShouldBe(new AppHealthSpec("/health/ready", TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(500), 3));
        host.ReadBufferSize.ShouldBe(16 * 1024);
        host.MaxConcurrency.ShouldBe(3);
        host.Env.ShouldBe(new Dictionary<string, string> { ["A"] = "common", ["B"] = "host", ["N"] = "5" }, ignoreOrder: true);
        host.Command.ShouldBe(["dotnet", "run"]);
        var voice = apps[1];
        voice.AppId.ShouldBe("voice");
        voice.ResourcesPaths.ShouldBe([At("components")]);
        voice.ConfigFile.ShouldBe(At("common.yaml"));
        voice.MaxConcurrency.ShouldBe(7);
        voice.Command.ShouldBeEmpty();
    }

    [Fact]
    public void Resources_beside_the_app_come_before_common_and_the_users_own_come_last()
    {
        Create("components/", "host/.dapr/resources/", "voice/", "home/.dapr/components/", "home/.dapr/config.yaml");

        var withCommon = Load("version: 1\ncommon: { resourcesPath: ./components }\napps: [ { appDirPath: host }, { appDirPath: voice } ]");
        var without = Load("version: 1\napps: [ { appDirPath: voice } ]");

        withCommon[0].ResourcesPaths.ShouldBe([At("host/.dapr/resources")]);
        withCommon[1].ResourcesPaths.ShouldBe([At("components")]);
        without[0].ResourcesPaths.ShouldBe([At("home/.dapr/components")]);
        without[0].ConfigFile.ShouldBe(At("home/.dapr/config.yaml"));
    }

    [Fact]
    public void A_folder_stands_for_the_dapr_yaml_in_it()
    {
        Create("host/");
        Load("version: 1\napps: [ { appDirPath: host } ]");

        RunFile.Load(_folder.FullName, At("home")).Apps.ShouldHaveSingleItem().AppId.ShouldBe("host");
    }

    private IReadOnlyList<AppSpec> Load(string text)
    {
        File.WriteAllText(At("dapr.yaml"), text);
        return RunFile.Load(At("dapr.yaml"), At("home")).Apps;
    }

    private string At(string path) => Path.Combine(_folder.FullName, path.TrimEnd('/'));

    private void Create(params string[] paths)
    {
        foreach (var path in paths)
        {
            Directory.CreateDirectory(path.EndsWith('/') ? At(path) : Path.GetDirectoryName(At(path))!);
            if (!path.EndsWith('/'))
                File.WriteAllText(At(path), "");
        }
    }
}
