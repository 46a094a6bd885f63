using KestrelVoice.Contracts;
using KestrelVoice.Voice.Receptionist;

namespace KestrelVoice.Voice.Tests.Receptionist;

/// <summary>A technician who is free at certain times, as the host would say.</summary>
internal sealed class Calendar(params DateTimeOffset[] free)
{
    // Tuesday December 1st 2026, 8 in the morning in Los Angeles, and every half hour from there.
    public static readonly DateTimeOffset Eight = new(2026, 12, 1, 16, 0, 0, TimeSpan.Zero);

    private readonly List<DateTimeOffset> _free = [.. free];

    public static Calendar HalfHours(int count) => new([.. Enumerable.Range(0, count).Select(index => Eight.AddMinutes(30 * index))]);

    public bool IsAway { get; set; }

    public List<Errand> Errands { get; } = [];

    public List<DateTimeOffset> Booked { get; } = [];

    public string? HeldFor { get; private set; }

    public void Take(DateTimeOffset time) => _free.Remove(time);

    public BookingAnswer? Run(Errand errand)
    {
        Errands.Add(errand);
        if (IsAway)
            return null;
        switch (errand)
        {
            case Errand.FindTimes times:
                return new BookingAnswer(null, Next(times.After));
            case Errand.Hold hold when _free.Contains(hold.StartsAt):
                HeldFor = hold.Name ?? HeldFor;
                return new BookingAnswer(IdOf(hold.StartsAt), []);
            case Errand.Book book when _free.Contains(book.StartsAt) && book.HoldId == IdOf(book.StartsAt):
                Booked.Add(book.StartsAt);
                _free.Remove(book.StartsAt);
                return new BookingAnswer(book.HoldId, []);
            default:
                return new BookingAnswer(null, Next(after: null));
        }
    }

    public static Guid IdOf(DateTimeOffset time) => new((int)time.ToUnixTimeSeconds(), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);

    private DateTimeOffset[] Next(DateTimeOffset? after) => [.. _free.Where(time => after is null || time > after).Order().Take(3)];
}
