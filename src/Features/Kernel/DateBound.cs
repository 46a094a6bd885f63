using System.Globalization;
using System.Text.RegularExpressions;

namespace KestrelVoice.Features.Kernel;

/// <summary>One end of a date filter: a whole day where the tenant is, an instant, or open.</summary>
internal readonly partial record struct DateBound(DateOnly? Day, DateTime? Instant)
{
    private static readonly DateOnly Earliest = new(1970, 1, 1);
    private static readonly DateOnly Latest = new(2199, 12, 31);

    public static bool TryParse(string? text, out DateBound bound)
    {
        bound = default;
        if (text is null)
            return true;
        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
        {
            bound = new DateBound(day, null);
            return day >= Earliest && day <= Latest;
        }
        if (!Rfc3339().IsMatch(text)
            || !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var instant))
            return false;
        bound = new DateBound(null, instant.UtcDateTime);
        return instant.Year >= Earliest.Year && instant.Year <= Latest.Year;
    }

    public static DateBound Parse(string? text) =>
        TryParse(text, out var bound) ? bound : throw new FormatException("Not a date, nor an instant.");

    [GeneratedRegex(@"\A\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,7})?([Zz]|[+-]\d{2}:\d{2})\z", RegexOptions.CultureInvariant)]
    private static partial Regex Rfc3339();
}
