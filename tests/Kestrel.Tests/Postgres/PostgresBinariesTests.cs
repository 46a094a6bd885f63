using KestrelVoice.Cli.Postgres;

namespace KestrelVoice.Kestrel.Tests.Postgres;

public sealed class PostgresBinariesTests : IDisposable
{
    private readonly TempFolder folder = new();

    [Theory]
    [InlineData("pg_ctl (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)", 15)]
    [InlineData("pg_ctl (PostgreSQL) 17.2", 17)]
    [InlineData("pg_ctl (PostgreSQL) 18beta1", 18)]
    [InlineData("pg_ctl (PostgreSQL) 9.6.24", 9)]
    [InlineData("something else", null)]
    [InlineData("", null)]
    public void The_major_version_is_read_from_what_pg_ctl_says(string line, int? major) =>
        PostgresBinaries.ParseMajor(line).ShouldBe(major);

    [Fact]
    public void Folders_are_tried_newest_first_by_number_and_not_by_letter()
    {
        foreach (var name in new[] { "9.6", "15", "17", "16" })
            Directory.CreateDirectory(folder[name]);

        PostgresBinaries.NewestFirst(folder.Path, "*").ShouldBe(
            new[] { "17", "16", "15", "9.6" }.Select(name => Path.Combine(folder[name], "bin")));
    }

    [Fact]
    public void A_folder_that_is_not_there_holds_nothing() => PostgresBinaries.NewestFirst(folder["absent"], "*").ShouldBeEmpty();

    public void Dispose() => folder.Dispose();
}
