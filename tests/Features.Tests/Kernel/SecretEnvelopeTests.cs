using System.Security.Cryptography;
using System.Text;
using KestrelVoice.Features.Kernel.Secrets;

namespace KestrelVoice.Features.Tests.Kernel;

public sealed class SecretEnvelopeTests
{
    private const string Context = "tenant|webhook|1";
    private static readonly string Old = "old:" + Convert.ToBase64String(Enumerable.Repeat((byte)1, 32).ToArray());
    private static readonly string New = "2026-03:" + Convert.ToBase64String(Enumerable.Repeat((byte)2, 32).ToArray());
    private static readonly byte[] Secret = Encoding.UTF8.GetBytes("whsec_not really");

    [Fact]
    public void What_was_sealed_opens()
    {
        var envelope = new Envelope(new KeyRing([New]));

        var text = envelope.Seal(Secret, Context);

        text.ShouldMatch(@"^v1\.2026-03\.[\w-]{16}\.[\w-]+$");
        Envelope.KidOf(text).ShouldBe("2026-03");
        envelope.Open(text, Context).ShouldBe(Secret);
    }

    [Fact]
    public void The_same_secret_never_looks_the_same()
    {
        var envelope = new Envelope(new KeyRing([New]));

        envelope.Seal(Secret, Context).ShouldNotBe(envelope.Seal(Secret, Context));
    }

    [Fact]
    public void The_newest_key_seals_and_every_key_opens()
    {
        var before = new Envelope(new KeyRing([Old])).Seal(Secret, Context);
        var rotated = new Envelope(new KeyRing([New, Old]));

        rotated.Open(before, Context).ShouldBe(Secret);
        Envelope.KidOf(rotated.Seal(Secret, Context)).ShouldBe("2026-03");
    }

    [Fact]
    public void It_does_not_open_in_another_row()
    {
        var envelope = new Envelope(new KeyRing([New]));
        var text = envelope.Seal(Secret, Context);

        Should.Throw<CryptographicException>(() => envelope.Open(text, "tenant|webhook|2"));
    }

    [Fact]
    public void It_does_not_open_without_its_key()
    {
        var text = new Envelope(new KeyRing([Old])).Seal(Secret, Context);

        Should.Throw<CryptographicException>(() => new Envelope(new KeyRing([New])).Open(text, Context)).Message.ShouldContain("old");
    }

    [Fact]
    public void No_changed_character_goes_unnoticed()
    {
        var envelope = new Envelope(new KeyRing([New]));
        var text = envelope.Seal(Secret, Context);
        for (var i = 0; i < text.Length - 1; i++)
        {
            var changed = text[..i] + (text[i] == 'x' ? 'y' : 'x') + text[(i + 1)..];
            Should.Throw<CryptographicException>(() => envelope.Open(changed, Context), changed);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("nokid")]
    [InlineData(":AAAA")]
    [InlineData("a.b:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("short:AAAA")]
    [InlineData("long:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("bad:***")]
    public void A_key_that_is_none_is_refused_without_being_repeated(string entry)
    {
        var fault = Should.Throw<InvalidOperationException>(() => new KeyRing([Old, entry]));

        fault.Message.ShouldContain("Encryption__Keys__1");
        fault.Message.ShouldNotContain("AAAA");
    }

    [Fact]
    public void No_key_and_a_repeated_key_are_refused()
    {
        Should.Throw<InvalidOperationException>(() => new KeyRing([]));
        Should.Throw<InvalidOperationException>(() => new KeyRing([Old, Old]));
    }
}
