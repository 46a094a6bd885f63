using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Tests.Kernel;

public sealed class TypeIdTests
{
    [Theory]
    [InlineData("00000000-0000-0000-0000-000000000000", "prefix_00000000000000000000000000")]
    [InlineData("00000000-0000-0000-0000-000000000001", "prefix_00000000000000000000000001")]
    [InlineData("00000000-0000-0000-0000-00000000000a", "prefix_0000000000000000000000000a")]
    [InlineData("00000000-0000-0000-0000-000000000010", "prefix_0000000000000000000000000g")]
    [InlineData("00000000-0000-0000-0000-000000000020", "prefix_00000000000000000000000010")]
    [InlineData("01890a5d-ac96-774b-bcce-b302099a8057", "prefix_01h455vb4pex5vsknk084sn02q")]
    [InlineData("ffffffff-ffff-ffff-ffff-ffffffffffff", "prefix_7zzzzzzzzzzzzzzzzzzzzzzzzz")]
    public void Ids_are_written_and_read_as_the_specification_has_them(string uuid, string text)
    {
        var id = Guid.Parse(uuid);

        TypeId.Format("prefix", id).ShouldBe(text);
        TypeId.Parse("prefix", text).ShouldBe(id);
        TypeId.Parse("prefix", uuid).ShouldBe(id);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("prefix_")]
    [InlineData("prefix_8zzzzzzzzzzzzzzzzzzzzzzzzz")]
    [InlineData("prefix_0000000000000000000000000i")]
    [InlineData("prefix_0000000000000000000000000A")]
    [InlineData("PREFIX_00000000000000000000000000")]
    [InlineData("other_000000000000000000000000000")]
    [InlineData("00000000000000000000000000000000")]
    public void Anything_else_is_no_id(string? text) => TypeId.TryParse("prefix", text, out _).ShouldBeFalse();
}
