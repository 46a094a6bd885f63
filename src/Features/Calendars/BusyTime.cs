namespace KestrelVoice.Features.Calendars;

/// <summary>A stretch of time in which somebody is not free; the end is not part of it.</summary>
internal readonly record struct BusyTime(DateTimeOffset Start, DateTimeOffset End)
{
    /// <summary>The same stretches, sorted, with those that touch or overlap in one.</summary>
    public static IReadOnlyList<BusyTime> Merged(IEnumerable<BusyTime> times)
    {
        var merged = new List<BusyTime>();
        foreach (var time in times.OrderBy(time => time.Start))
        {
            if (merged.Count > 0 && time.Start <= merged[^1].End)
                merged[^1] = merged[^1] with { End = time.End > merged[^1].End ? time.End : merged[^1].End };
            else
                merged.Add(time);
        }
        return merged;
    }
}
