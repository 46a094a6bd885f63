using KestrelVoice.Cli;
using KestrelVoice.Cli.Up;
using Npgsql;

namespace KestrelVoice.Kestrel.Tests.Up;

public sealed class DatabaseUrlTests
{
    [Fact]
    public void Every_part_of_the_url_is_taken_over()
    {
        var parsed = Parse("postgres://ada:s3cret@db.example.com:6543/calls");

        parsed.Host.ShouldBe("db.example.com");
        parsed.Port.ShouldBe(6543);
        parsed.Database.ShouldBe("calls");
        parsed.Username.ShouldBe("ada");
        parsed.Password.ShouldBe("s3cret");
    }

    [Fact]
    public void The_port_and_the_password_may_be_left_out()
    {
        var parsed = Parse("postgresql://ada@db.example.com/calls");

        parsed.Port.ShouldBe(5432);
        parsed.Password.ShouldBeNull();
    }

    [Fact]
    public void Escaped_characters_are_unescaped()
    {
        var parsed = Parse("postgres://ada%40home:p%40ss%3Aw%2Frd%25%20;@localhost/my%20calls");

        parsed.Username.ShouldBe("ada@home");
        parsed.Password.ShouldBe("p@ss:w/rd% ;");
        parsed.Database.ShouldBe("my calls");
    }

    [Fact]
    public void An_IPv6_address_loses_its_brackets() => Parse("postgres://ada@[::1]:5433/calls").Host.ShouldBe("::1");

    [Theory]
    [InlineData("disable", SslMode.Disable)]
    [InlineData("prefer", SslMode.Prefer)]
    [InlineData("require", SslMode.Require)]
    [InlineData("verify-ca", SslMode.VerifyCA)]
    [InlineData("verify-full", SslMode.VerifyFull)]
    public void The_ssl_modes_of_libpq_are_known(string mode, SslMode expected) =>
        Parse($"postgres://ada@localhost/calls?sslmode={mode}").SslMode.ShouldBe(expected);

    [Fact]
    public void Other_parameters_of_libpq_are_translated()
    {
        var parsed = Parse("postgres://ada@localhost/calls?application_name=kestrel&connect_timeout=7&sslrootcert=%2Fetc%2Fca.pem");

        parsed.ApplicationName.ShouldBe("kestrel");
        parsed.Timeout.ShouldBe(7);
        parsed.RootCertificate.ShouldBe("/etc/ca.pem");
    }

    [Theory]
    [InlineData("")]
    [InlineData("calls")]
    [InlineData("Host=localhost;Password=s3cret")]
    [InlineData("mysql://ada:s3cret@localhost/calls")]
    [InlineData("postgres://ada:s3cret@/calls")]
    [InlineData("postgres://localhost/calls")]
    [InlineData("postgres://ada:s3cret@localhost")]
    [InlineData("postgres://ada:s3cret@localhost/")]
    [InlineData("postgres://ada:s3cret@localhost/calls/more")]
    [InlineData("postgres://ada:s3cret@localhost:seven/calls")]
    [InlineData("postgres://ada:s3cret@localhost/calls?sslmode=perhaps")]
    [InlineData("postgres://ada:s3cret@localhost/calls?connect_timeout=soon")]
    [InlineData("postgres://ada:s3cret@localhost/calls?speed=high")]
    public void What_cannot_be_used_is_refused_without_repeating_the_password(string url)
    {
        var refused = Should.Throw<KestrelException>(() => DatabaseUrl.ToConnectionString(url));

        refused.Message.ShouldContain("KESTREL_DATABASE_URL");
        refused.Message.ShouldNotContain("s3cret");
    }

    private static NpgsqlConnectionStringBuilder Parse(string url) => new(DatabaseUrl.ToConnectionString(url));
}
