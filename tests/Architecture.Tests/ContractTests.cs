using System.Text.RegularExpressions;

namespace KestrelVoice.Architecture.Tests;

/// <summary>Whatever the public contract says has a row in docs/contract.md, and whatever has a row is tested.</summary>
public sealed partial class ContractTests
{
    private const string Refusals = "Refusals";
    private const string Events = "Events";

    /// <summary>Sections that are not about one operation.</summary>
    private static readonly string[] Others = [Refusals, Events, "Decisions", "At once and in spite of everything"];

    [Fact]
    public void Every_row_names_tests_that_exist()
    {
        var tests = Contract.Tests();

        Rule.Holds(Contract.Rows, row => row.Tests is [] || row.Tests.Any(test => !tests.Contains(test))
            ? $"{row.Section}: {row.Subject}: {string.Join(", ", row.Tests.Where(test => !tests.Contains(test)).DefaultIfEmpty("no test"))}" : null);
    }

    [Fact]
    public void Every_operation_and_all_it_takes_and_answers_has_a_row() => Missing(
        Contract.Operations(), operation => operation.Operation, operation => operation.Subject).ShouldBe("");

    [Fact]
    public void Every_refusal_has_a_row() => Missing(Contract.ErrorCodes(), _ => Refusals, code => code).ShouldBe("");

    [Fact]
    public void Every_event_has_a_row() => Missing(Contract.Events(), _ => Events, type => type).ShouldBe("");

    [Fact]
    public void No_row_speaks_of_what_is_no_more()
    {
        var known = Contract.Operations().ToLookup(operation => operation.Operation, operation => operation.Subject);

        Rule.Holds(
            Contract.Rows.Where(row => !Others.Contains(row.Section) && !IsDocument(row.Section)),
            // What is said of an operation besides is a sentence.
            row => known[row.Section].Contains(row.Subject) || (known.Contains(row.Section) && row.Subject.Contains(' ', StringComparison.Ordinal))
                ? null : $"{row.Section}: {row.Subject}");
    }

    // A section that is named after a document quotes it; … stands for what is left out.
    [Fact]
    public void What_is_quoted_is_what_the_document_says() => Rule.Holds(
        Contract.Rows.Where(row => IsDocument(row.Section)),
        row => Quote(row.Subject).IsMatch(Contract.Plain(Solution.Read("docs/" + row.Section))) ? null : $"{row.Section}: {row.Subject}");

    [Fact]
    public void No_sentence_of_what_integrators_read_first_is_left_out()
    {
        var paragraphs = Solution.Read("docs/api.md").Split("\n\n").Select(paragraph => Contract.Plain(HeadingOrHead().Replace(paragraph, "")));
        var quotes = Contract.Rows.Where(row => row.Section == "api.md").Select(row => Quote(row.Subject)).ToList();

        Rule.Holds(paragraphs, paragraph =>
        {
            var left = quotes.Aggregate(paragraph, (text, quote) => quote.Replace(text, "")).Trim();
            return Word().IsMatch(left) ? left : null;
        });
    }

    /// <summary>The rows to add, as they are to be pasted.</summary>
    private static string Missing<T>(IEnumerable<T> subjects, Func<T, string> section, Func<T, string> subject)
    {
        var rows = Contract.Rows.Select(row => (row.Section, row.Subject)).ToHashSet();
        var all = subjects.ToList();
        all.ShouldNotBeEmpty();
        return string.Join("\n", all.Where(each => !rows.Contains((section(each), subject(each)))).GroupBy(section).Select(missing =>
            $"\n## {missing.Key}\n| | test |\n|---|---|\n" + string.Join("\n", missing.Select(each => $"| `{subject(each)}` | |"))));
    }

    private static bool IsDocument(string section) => section.EndsWith(".md", StringComparison.Ordinal);

    private static Regex Quote(string text) => new(string.Join(".*?", Contract.Plain(text).Split('…').Select(part => Regex.Escape(part.Trim()))));

    // Of a table, what stands above its rules.
    [GeneratedRegex(@"^#.*$|^.*\n(?=\|---)", RegexOptions.Multiline)]
    private static partial Regex HeadingOrHead();

    [GeneratedRegex(@"\w")]
    private static partial Regex Word();
}
