using System.Runtime.Versioning;
using System.Text.Json;
using KestrelVoice.Cli;
using KestrelVoice.Cli.Home;

namespace KestrelVoice.Kestrel.Tests.Home;

public sealed class LocalFilesTests : IDisposable
{
    private static readonly UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TempFolder folder = new();
    private readonly KestrelHome home;

    public LocalFilesTests()
    {
        home = new KestrelHome(folder.Path, folder[".kestrel"]);
        home.Create();
    }

    [Fact]
    public void Secrets_are_made_once_and_stay()
    {
        var made = Secrets.ReadOrCreate(home);

        Secrets.ReadOrCreate(home).ShouldBe(made);
    }

    [Fact]
    public void Two_homes_share_no_secret()
    {
        var other = new KestrelHome(folder.Path, folder["other"]);
        other.Create();

        var values = Values(Secrets.ReadOrCreate(home)).Concat(Values(Secrets.ReadOrCreate(other))).ToList();

        values.Distinct().Count().ShouldBe(values.Count);
    }

    [Fact]
    public void Secrets_have_the_shapes_that_their_readers_expect()
    {
        var secrets = Secrets.ReadOrCreate(home);

        secrets.TwilioAccountSid.ShouldMatch("^AC[0-9a-f]{32}$");
        secrets.TwilioAuthToken.ShouldMatch("^[0-9a-f]{32}$");
        secrets.DatabaseRole.ShouldMatch("^[a-z][a-z0-9_]{0,62}$");
        secrets.PublishableKey.ShouldStartWith("sb_publishable_");
        Convert.FromBase64String(secrets.EncryptionKey.Split(':')[1]).Length.ShouldBe(32);
    }

    [Fact]
    public void Damaged_secrets_are_not_silently_replaced()
    {
        File.WriteAllText(home.SecretsFile, "{");

        Should.Throw<KestrelException>(() => Secrets.ReadOrCreate(home)).Message.ShouldContain("reset");

        File.ReadAllText(home.SecretsFile).ShouldBe("{");
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void What_holds_secrets_is_readable_by_its_owner_alone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "No modes there");
        Secrets.ReadOrCreate(home);
        Dev().Write(home);
        Tenant().Write(home);

        foreach (var file in new[] { home.SecretsFile, home.DevFile, home.DemoFile })
            File.GetUnixFileMode(file).ShouldBe(OwnerOnly, file);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void A_file_that_others_could_read_is_tightened_when_it_is_written_again()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "No modes there");
        File.WriteAllText(home.DevFile, "{}");
        File.SetUnixFileMode(home.DevFile, OwnerOnly | UnixFileMode.OtherRead);

        Dev().Write(home);

        File.GetUnixFileMode(home.DevFile).ShouldBe(OwnerOnly);
    }

    [Fact]
    public void The_dev_file_holds_what_scripts_look_for()
    {
        Dev().Write(home);

        using var written = JsonDocument.Parse(File.ReadAllText(home.DevFile));
        var keys = written.RootElement.EnumerateObject().Select(property => property.Name).ToList();

        keys.ShouldBe(
            [
                "api_url", "voice_url", "email", "password", "api_key", "tenant_id", "phone_number", "twilio_account_sid", "twilio_auth_token",
                "twilio_api_url", "publishable_key", "dapr_api_token",
            ],
            ignoreOrder: true);
        DevFile.Read(home).ShouldBe(Dev());
    }

    [Fact]
    public void The_line_that_the_host_prints_is_found_among_others()
    {
        var tenant = DemoTenant.Parse(
            """
            starting
            {"tenant_id":"t","email":"e","password":"p","api_key":"k","phone_number":"n"}

            """,
            "Host=one");

        tenant.ShouldBe(Tenant() with { Database = tenant.Database });
    }

    [Theory]
    [InlineData("")]
    [InlineData("no json here")]
    [InlineData("""{"tenant_id":"t","password":"hunter2"}""")]
    public void A_host_that_does_not_say_how_to_sign_in_is_reported_without_quoting_it(string printed) =>
        Should.Throw<KestrelException>(() => DemoTenant.Parse(printed, "Host=one")).Message.ShouldNotContain("hunter2");

    [Fact]
    public void Credentials_of_another_database_do_not_count()
    {
        DemoTenant.Parse("""{"tenant_id":"t","email":"e","password":"p","api_key":"k","phone_number":"n"}""", "Host=one").Write(home);

        DemoTenant.Read(home, "Host=one").ShouldNotBeNull();
        DemoTenant.Read(home, "Host=two").ShouldBeNull();
    }

    public void Dispose() => folder.Dispose();

    private static string[] Values(Secrets secrets) =>
    [
        secrets.DatabaseRole, secrets.DatabasePassword, secrets.DaprApiToken, secrets.AppApiToken, secrets.EncryptionKey, secrets.TwilioAccountSid,
        secrets.TwilioAuthToken, secrets.PublishableKey,
    ];

    private static DemoTenant Tenant() => new() { TenantId = "t", Email = "e", Password = "p", ApiKey = "k", PhoneNumber = "n" };

    private static DevFile Dev() => new()
    {
        ApiUrl = "http://localhost:5080",
        VoiceUrl = "http://localhost:5090",
        Email = "demo@maplestreet.example",
        Password = "secret",
        ApiKey = "kv_test_1",
        TenantId = "t",
        PhoneNumber = "+15035550100",
        TwilioAccountSid = "AC1",
        TwilioAuthToken = "token",
        TwilioApiUrl = "http://127.0.0.1:5071",
        PublishableKey = "sb_publishable_1",
        DaprApiToken = "dapr",
    };
}
