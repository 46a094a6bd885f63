using System.Globalization;
using System.Text.Json;

namespace KestrelVoice.Features.Analytics;

/// <summary>Writes days, added up by period, as the serializer writes <see cref="GetAnalytics.Response"/>.</summary>
internal static class AnalyticsJson
{
    private static readonly JsonEncodedText From = JsonEncodedText.Encode("from");
    private static readonly JsonEncodedText To = JsonEncodedText.Encode("to");
    private static readonly JsonEncodedText Period = JsonEncodedText.Encode("period");
    private static readonly JsonEncodedText TotalCalls = JsonEncodedText.Encode("total_calls");
    private static readonly JsonEncodedText CompletedCalls = JsonEncodedText.Encode("completed_calls");
    private static readonly JsonEncodedText MissedCalls = JsonEncodedText.Encode("missed_calls");
    private static readonly JsonEncodedText AverageDuration = JsonEncodedText.Encode("average_duration");
    private static readonly JsonEncodedText BookableCalls = JsonEncodedText.Encode("bookable_calls");
    private static readonly JsonEncodedText BookedCalls = JsonEncodedText.Encode("booked_calls");
    private static readonly JsonEncodedText BookingRate = JsonEncodedText.Encode("booking_rate");
    private static readonly JsonEncodedText EmergencyCalls = JsonEncodedText.Encode("emergency_calls");
    private static readonly JsonEncodedText EmergencyRate = JsonEncodedText.Encode("emergency_rate");
    private static readonly JsonEncodedText RecoveredCalls = JsonEncodedText.Encode("recovered_calls");
    private static readonly JsonEncodedText MissedCallRecoveryRate = JsonEncodedText.Encode("missed_call_recovery_rate");

    /// <param name="json">Where to.</param>
    /// <param name="first">The day of the first of <paramref name="days"/>.</param>
    /// <param name="days">One after the other, those without calls too.</param>
    /// <param name="interval">How many of them are a period.</param>
    /// <param name="timeZone">Whose days they are.</param>
    public static void Write(Utf8JsonWriter json, DateOnly first, ReadOnlySpan<DayCounts> days, string interval, string timeZone)
    {
        json.WriteStartObject();
        json.WriteStartObject("range");
        WriteDay(json, From, first);
        WriteDay(json, To, first.AddDays(days.Length - 1));
        json.WriteString("interval", interval);
        json.WriteString("time_zone", timeZone);
        json.WriteEndObject();

        json.WriteStartObject("totals");
        WriteFigures(json, Sum(days));
        json.WriteEndObject();

        json.WriteStartArray("series");
        while (!days.IsEmpty)
        {
            var (period, next) = PeriodOf(first, interval);
            var length = Math.Min(next.DayNumber - first.DayNumber, days.Length);
            json.WriteStartObject();
            WriteDay(json, Period, period);
            WriteFigures(json, Sum(days[..length]));
            json.WriteEndObject();
            first = next;
            days = days[length..];
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static (DateOnly First, DateOnly Next) PeriodOf(DateOnly day, string interval)
    {
        switch (interval)
        {
            case "week":
                var monday = day.AddDays(-(((int)day.DayOfWeek + 6) % 7));
                return (monday, monday.AddDays(7));
            case "month":
                var month = new DateOnly(day.Year, day.Month, 1);
                return (month, month.AddMonths(1));
            default:
                return (day, day.AddDays(1));
        }
    }

    private static DayCounts Sum(ReadOnlySpan<DayCounts> days)
    {
        var sum = default(DayCounts);
        foreach (ref readonly var day in days)
            sum += day;
        return sum;
    }

    private static void WriteFigures(Utf8JsonWriter json, in DayCounts counts)
    {
        json.WriteNumber(TotalCalls, counts.Total);
        json.WriteNumber(CompletedCalls, counts.Completed);
        json.WriteNumber(MissedCalls, counts.Missed);
        WriteShare(json, AverageDuration, counts.Seconds, counts.Completed, digits: 1);
        json.WriteNumber(BookableCalls, counts.Bookable);
        json.WriteNumber(BookedCalls, counts.Booked);
        WriteShare(json, BookingRate, counts.Booked, counts.Bookable, digits: 4);
        json.WriteNumber(EmergencyCalls, counts.Emergency);
        WriteShare(json, EmergencyRate, counts.Emergency, counts.Total, digits: 4);
        json.WriteNumber(RecoveredCalls, counts.Recovered);
        WriteShare(json, MissedCallRecoveryRate, counts.Recovered, counts.Missed, digits: 4);
    }

    private static void WriteShare(Utf8JsonWriter json, JsonEncodedText name, long part, long whole, int digits)
    {
        if (whole == 0)
            json.WriteNull(name);
        else
            json.WriteNumber(name, Math.Round((decimal)part / whole, digits, MidpointRounding.AwayFromZero));
    }

    private static void WriteDay(Utf8JsonWriter json, JsonEncodedText name, DateOnly day)
    {
        Span<byte> text = stackalloc byte[10];
        day.TryFormat(text, out _, "O", CultureInfo.InvariantCulture);
        json.WriteString(name, text);
    }
}
