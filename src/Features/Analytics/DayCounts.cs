using Npgsql;

namespace KestrelVoice.Features.Analytics;

/// <summary>What is counted of the calls of a day, or of several.</summary>
internal readonly record struct DayCounts(
    long Total, long Completed, long Missed, long Seconds, long Bookable, long Booked, long Emergency, long Recovered)
{
    public const string Columns = "day, total, completed, missed, seconds, bookable, booked, emergency, recovered";

    public static DateOnly DayOf(NpgsqlDataReader reader) => reader.GetFieldValue<DateOnly>(0);

    public static DayCounts Read(NpgsqlDataReader reader) => new(
        reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4),
        reader.GetInt64(5), reader.GetInt64(6), reader.GetInt64(7), reader.GetInt64(8));

    public static DayCounts operator +(in DayCounts one, in DayCounts other) => new(
        one.Total + other.Total, one.Completed + other.Completed, one.Missed + other.Missed, one.Seconds + other.Seconds,
        one.Bookable + other.Bookable, one.Booked + other.Booked, one.Emergency + other.Emergency, one.Recovered + other.Recovered);
}
