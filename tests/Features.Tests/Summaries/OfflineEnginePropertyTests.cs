using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Summaries.Engines;
using KestrelVoice.Features.Summaries.Offline;

namespace KestrelVoice.Features.Tests.Summaries;

/// <summary>Whatever is said, in whatever language or none.</summary>
public sealed class OfflineEnginePropertyTests
{
    private static readonly Config Many = Config.QuickThrowOnFailure.WithMaxTest(400).WithQuietOnSuccess(true);

    private static readonly string[] Pieces =
    [
        "my name is", "this is", "Ann", "Lee", "de la", "five", "oh", "three", "double", "triple", "hundred", "503", "555", "0142", "+1", "42", "Maple", "Street", "st.", "apt",
        "#", "in", "Portland", "97201", "calle", "Roble", "gas leak", "no", "not", "burst pipe", "no rush", "today", "call me back", "this number", "we will send someone", "?",
        ".", "!", ",", "…", "\n", "uh", "um", "’", "'", "\"", "{", "}", "I'd like", "water heater", "\u0000", "\ud83d", "\ud83d\udca7", "é", "ñandú", "水", "ﬁ", "\u202e", "𝟙", "x²", "-", "—", "№",
    ];

    [Fact]
    public void It_never_fails_and_cites_only_what_was_said() => Check.One(Many, Prop.ForAll(Calls().ToArbitrary(), turns =>
    {
        var question = new Question.TakeNotes(Transcript.Context, turns);
        var notes = OfflineAnswers.To(question);
        var (summary, fields) = Transcript.SummariseAsync(turns).GetAwaiter().GetResult();

        summary.ShouldNotBeNullOrWhiteSpace();
        summary.Length.ShouldBeLessThanOrEqualTo(AnswerRules.LongestSummary);
        notes.Points.ShouldAllBe(point => turns.Any(said => said.Turn == point.Turn));
        foreach (var finding in notes.Findings.Each())
            turns.Single(said => said.Turn == finding.Turn).Text.ShouldContain(finding.Quote!);
        foreach (var finding in fields.Each())
        {
            turns.ShouldContain(said => said.Turn == finding.Turn);
            finding.Value.Length.ShouldBeInRange(1, AnswerRules.LongestValue);
            finding.Value.ShouldNotContain("\0");
        }
    }));

    [Fact]
    public void The_same_words_make_the_same_summary() => Check.One(Many, Prop.ForAll(Calls().ToArbitrary(), turns =>
        Written(turns).ShouldBe(Written(turns))));

    [Fact]
    public void What_the_receptionist_says_is_never_the_callers_name_number_or_address() => Check.One(Many, Prop.ForAll(Calls().ToArbitrary(), turns =>
    {
        var (_, fields) = Transcript.SummariseAsync(turns).GetAwaiter().GetResult();
        foreach (var finding in new[] { fields.CustomerName, fields.Phone, fields.Address, fields.Reason, fields.Urgency }.OfType<Finding>())
            turns.Single(said => said.Turn == finding.Turn).Speaker.ShouldBe(Speaker.Caller);
    }));

    private static string Written(IReadOnlyList<Said> turns) =>
        JsonSerializer.Serialize(Transcript.SummariseAsync(turns).GetAwaiter().GetResult().Fields, SummaryEngine.Json)
        + Transcript.SummariseAsync(turns).GetAwaiter().GetResult().Summary;

    private static Gen<IReadOnlyList<Said>> Calls()
    {
        var text = from count in Gen.Choose(1, 30)
                   from pieces in Gen.OneOf(Gen.Elements(Pieces), ArbMap.Default.GeneratorFor<string>().Select(text => text ?? "")).ArrayOf(count)
                   select string.Join(' ', pieces) + "x";
        return from texts in text.ArrayOf().Resize(12)
               from speakers in Gen.Elements(Speaker.Caller, Speaker.Receptionist).ArrayOf(texts.Length)
               select (IReadOnlyList<Said>)[.. texts.Select((said, index) => new Said(3 * index, speakers[index], said))];
    }
}
