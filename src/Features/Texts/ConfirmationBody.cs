using System.Globalization;

namespace KestrelVoice.Features.Texts;

/// <summary>What a confirmation says.</summary>
internal static class ConfirmationBody
{
    // Names of tenants and services may be as long as they like; a text of two segments is read, one of ten is not.
    private const int LongestName = 60;

    public static string Of(string business, string service, DateTime startsAt, string timeZone, string number)
    {
        var local = TimeZoneInfo.ConvertTimeFromUtc(startsAt, TimeZoneInfo.FindSystemTimeZoneById(timeZone));
        var time = local.ToString("dddd, MMMM d 'at' h:mm tt", CultureInfo.InvariantCulture);
        return $"{Short(business)}: {Short(service)} is booked for {time}. To change it, call {number}. Reply STOP to get no more texts.";
    }

    private static string Short(string name) => name.Length <= LongestName ? name : name[..LongestName].TrimEnd() + "...";
}
