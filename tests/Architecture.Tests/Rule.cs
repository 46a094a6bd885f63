namespace KestrelVoice.Architecture.Tests;

internal static class Rule
{
    /// <summary>Holds for every subject; fails when there is none, since a rule about nothing proves nothing, and lists every offender.</summary>
    public static void Holds<T>(IEnumerable<T> subjects, Func<T, string?> offence)
    {
        var all = subjects.ToList();
        all.ShouldNotBeEmpty("the rule found nothing to check");
        all.Select(offence).Where(found => found is not null).ShouldBeEmpty();
    }
}
