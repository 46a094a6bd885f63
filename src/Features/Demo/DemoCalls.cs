using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using KestrelVoice.Contracts;

namespace KestrelVoice.Features.Demo;

/// <summary>Calls as a plumber gets them. The same day always yields the same calls, so that seeding again adds only new days.</summary>
internal static class DemoCalls
{
    private const int FourWeeks = 28;
    private const string Greeting = "Thank you for calling Maple Street Plumbing. This call may be recorded. How can we help you?";

    private static readonly string[] Wishes =
    [
        "Hi, my kitchen faucet drips all day. Could somebody have a look this week?",
        "The water heater makes a knocking noise. I would like an estimate for a new one.",
        "Good morning. Our toilet keeps running and the water bill has doubled.",
        "I need a plumber to move a washing machine outlet, whenever you have time next week.",
        "The shower drain is slow. It has been getting worse since the weekend.",
        "I am calling about the invoice from last Tuesday. There seems to be a part on it twice.",
    ];

    private static readonly (string Said, string Phrase)[] Emergencies =
    [
        ("There is a burst pipe in the basement and the water is rising. Please hurry.", "burst pipe"),
        ("We have water everywhere under the sink and I cannot find the main valve.", "water everywhere"),
    ];

    /// <summary>Those of the days before today.</summary>
    public static IEnumerable<CallEvent> Until(DateTimeOffset now, Guid tenantId, string number, int days = FourWeeks, int mostADay = int.MaxValue)
    {
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        for (var day = today.AddDays(-days); day < today; day = day.AddDays(1))
        {
            var random = new Random(day.DayNumber);
            var calls = day.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday ? random.Next(2, 5) : random.Next(6, 13);
            for (var call = 0; call < Math.Min(calls, mostADay); call++)
            {
                // 07:00 to 19:00 in Oregon, more or less.
                var startedAt = new DateTimeOffset(day, new TimeOnly(15, 0), TimeSpan.Zero).AddSeconds(random.Next(12 * 3600));
                foreach (var callEvent in One(random, Header(day, call, tenantId, number, startedAt, random)))
                    yield return callEvent;
            }
        }
    }

    private static CallHeader Header(DateOnly day, int call, Guid tenantId, string number, DateTimeOffset startedAt, Random random)
    {
        var identity = string.Create(CultureInfo.InvariantCulture, $"demo {tenantId} {day:O} {call}");
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity)));
        var from = string.Create(CultureInfo.InvariantCulture, $"+1503555{random.Next(1000, 9999)}");
        return new CallHeader("CA" + digest[..32], "AC" + new string('0', 32), tenantId, from, number, "inbound", startedAt);
    }

    private static IEnumerable<CallEvent> One(Random random, CallHeader call)
    {
        var sequence = 0;
        var at = call.StartedAt;
        (string Id, int Sequence, DateTimeOffset At) Next(int seconds)
        {
            at = at.AddSeconds(seconds);
            return ($"{call.CallSid}:{sequence}", sequence++, at);
        }
        var start = Next(0);
        yield return new CallStarted(start.Id, call, start.Sequence, start.At, null, true, true);
        yield return Turn(Speaker.Receptionist, Greeting, 1);

        switch (random.Next(20))
        {
            case 0:
                var (said, phrase) = Emergencies[random.Next(Emergencies.Length)];
                yield return Turn(Speaker.Caller, said, 8);
                var alarm = Next(0);
                yield return new EmergencyDetected(alarm.Id, call, alarm.Sequence, alarm.At, phrase);
                yield return Turn(Speaker.Receptionist, "If anyone is in danger, hang up and dial 911. I am putting you through to our plumber on call.", 1);
                yield return Dialed(DialTarget.OnCall, bridged: true, random.Next(60, 300));
                break;
            case < 5:
                yield return Turn(Speaker.Caller, "Could I speak to a person, please?", 6);
                yield return Dialed(DialTarget.Person, bridged: true, random.Next(45, 400));
                break;
            case < 9:
                yield return Dialed(DialTarget.Person, bridged: false, 0);
                var seconds = random.Next(8, 50);
                var voicemail = Next(seconds);
                yield return new VoicemailLeft(voicemail.Id, call, voicemail.Sequence, voicemail.At, null, seconds);
                break;
            case < 12:
                break;
            default:
                yield return Turn(Speaker.Caller, Wishes[random.Next(Wishes.Length)], 9);
                yield return Turn(Speaker.Receptionist, "Thank you. I have written that down, and somebody will call you back.", 2);
                break;
        }

        var end = Next(random.Next(2, 10));
        yield return new CallEnded(end.Id, call, end.Sequence, end.At, "completed", (int)(end.At - call.StartedAt).TotalSeconds, null);

        TurnSpoken Turn(Speaker speaker, string text, int seconds)
        {
            var next = Next(seconds);
            return new(next.Id, call, next.Sequence, next.At, speaker, text, speaker == Speaker.Caller ? 0.93 : null, Keys: false);
        }

        PersonDialed Dialed(DialTarget target, bool bridged, int talked)
        {
            var next = Next(talked + 10);
            return new(next.Id, call, next.Sequence, next.At, target, bridged ? "completed" : "no-answer", bridged, talked);
        }
    }
}
