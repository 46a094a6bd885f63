using System.Xml.Linq;
using KestrelVoice.Cli.Testing;

namespace KestrelVoice.Kestrel.Tests.Testing;

public sealed class TestReportTests
{
    [Fact]
    public void Counts_come_from_the_report_and_errors_outside_of_tests_count_as_failures()
    {
        var report = Parse("""
            <assemblies><assembly total="6" passed="3" failed="1" skipped="2" errors="1" not-run="0">
              <errors><error type="test-class-cleanup" name="Some.Class"><failure><message>disposed twice</message></failure></error></errors>
              <collection>
                <test name="Some.Class.Works" result="Pass" />
                <test name="Some.Class.Breaks" result="Fail"><failure><message>1 should be 2</message><stack-trace>at Some.Class.Breaks()</stack-trace></failure></test>
              </collection>
            </assembly></assemblies>
            """);

        report!.Counts.ShouldBe(new TestCounts(3, 2, 2));
        report.Failures.Count.ShouldBe(2);
        report.Failures[0].ShouldContain("Some.Class.Breaks");
        report.Failures[0].ShouldContain("1 should be 2");
        report.Failures[1].ShouldContain("disposed twice");
    }

    [Fact]
    public void An_empty_report_is_none() => Parse("<assemblies />").ShouldBeNull();

    [Fact]
    public void A_report_that_was_never_finished_is_none()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["cut.xml"], "<assemblies><assembly passed=\"1\"");

        TestReport.Read(folder["cut.xml"]).ShouldBeNull();
        TestReport.Read(folder["absent.xml"]).ShouldBeNull();
    }

    [Fact]
    public void The_last_line_reads_as_promised() => new TestCounts(12, 0, 3).ToString().ShouldBe("12 passed, 0 failed, 3 skipped");

    private static TestReport? Parse(string xml) => TestReport.Parse(XDocument.Parse(xml));
}
