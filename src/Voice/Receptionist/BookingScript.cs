using KestrelVoice.Contracts;
using KestrelVoice.Voice.Twilio;

namespace KestrelVoice.Voice.Receptionist;

/// <summary>What the scripted receptionist says to somebody who books.</summary>
internal static class BookingScript
{
    public const string NumberNeeded =
        "I cannot see your number, and need one to book. Please leave your name, your number and what you need after the tone, and somebody will call you back to arrange a time.";
    public const string CannotBook =
        "I am sorry, I cannot look into our calendar right now. Please leave your name, your number and what you need after the tone, and somebody will call you back to arrange a time.";
    public const string Unconfirmed =
        "I am sorry, I could not confirm the appointment. Please leave your name and your number after the tone, and somebody will call you back to make sure of the time.";
    public const string NothingFree =
        "I am sorry, there is no free time in the next two weeks. Please leave your name, your number and what you need after the tone, and somebody will call you back to arrange a time.";
    public const string GivenUp =
        "I am sorry, we are not getting any further. Please leave your name, your number and what you need after the tone, and somebody will call you back to arrange a time.";
    public const string Left = "All right, nothing is booked. Is there anything else I can help you with?";
    public const string Goodbye = "Thank you for calling. See you then. Goodbye.";
    public const string AskName = "What name shall I put it under?";
    public const string NotUnderstood = "Sorry, I did not get that.";
    public const string NoLater = "There are no later times.";
    public const string JustTaken = "I am sorry, that time was taken just now.";

    private const int MaxName = 100;

    public static string AskService(IReadOnlyList<BookableService> services) =>
        $"What would you like to book? {string.Join(" ", services.Select((service, index) => $"For {Spoken(service.Name)} press {index + 1}."))} Or say its name.";

    public static string Offer(string service, IReadOnlyList<DateTimeOffset> times, TimeZoneInfo zone) =>
        $"For {Spoken(service)} I can offer: {string.Join(" ", times.Select((time, index) => $"{SpokenTime.Of(time, zone)}, press {index + 1}."))} For later times press 4.";

    public static string AskNameFor(DateTimeOffset time, TimeZoneInfo zone) => $"{SpokenTime.Of(time, zone)}. {AskName}";

    /// <param name="name">Null when it is not at hand any more; the host has it.</param>
    public static string Confirm(string service, DateTimeOffset time, string? name, TimeZoneInfo zone) =>
        $"{Spoken(service)} on {SpokenTime.Of(time, zone)}{(name is null ? "" : $", under the name {name}")}. Is that right? Press 1 or say yes to book it, or press 2 for another time.";

    public static string Booked(string service, DateTimeOffset time, TimeZoneInfo zone) =>
        $"It is booked: {Spoken(service)} on {SpokenTime.Of(time, zone)}. Is there anything else?";

    private static string Spoken(string name) => SpokenText.Clean(name, MaxName).Trim();
}
