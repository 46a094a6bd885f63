using KestrelVoice.Contracts;
using KestrelVoice.Features.Summaries.Engines;

namespace KestrelVoice.Features.Tests.Summaries;

/// <summary>A call as long as one likes, the same for the same seed: a homeowner with an old house and a patient receptionist.</summary>
internal sealed class LongCall(int seed)
{
    public const string Name = "Margaret Ellison";
    public const string Phone = "+15035550188";
    public const string Address = "2217 Northeast Alder Street, Portland";
    public const string Reason = "I'm calling because the sewage is backing up into the basement bathroom.";
    public const string Promise = "We will send a technician on Thursday morning between nine and eleven.";

    private static readonly string[] Rooms = ["kitchen", "basement", "upstairs bathroom", "laundry room", "garage", "attic", "guest bathroom", "crawlspace", "hallway", "back porch"];
    private static readonly string[] Things = ["faucet", "drain", "water heater", "thermostat", "radiator", "breaker panel", "toilet", "sump pump", "shower valve", "outlet", "furnace filter", "vent"];
    private static readonly string[] Signs = ["drips all night", "makes a knocking noise", "smells a little musty", "keeps turning itself off", "is slow to drain", "rattles when the wind blows", "has rust on the bottom", "was replaced by the previous owner", "hums when nobody is using it", "leaves a stain on the ceiling"];
    private static readonly string[] When = ["since last winter", "for about a week", "ever since the storm", "since we moved in", "on and off for a month", "whenever it rains", "mostly in the morning", "since my brother was visiting"];
    private static readonly string[] Asides =
    [
        "My neighbor had the same thing and it took them three visits to find out what it was.",
        "My husband always said that this house would keep us busy, and he was right about that.",
        "I wrote everything down on a piece of paper because I knew that I would forget half of it.",
        "The people who built this place must have been in a hurry, nothing in here is level.",
        "I am sorry that I talk so much, there is just a lot to go through with an old house like this.",
    ];
    private static readonly string[] Replies =
    [
        "I understand. Please go on.", "Thank you, I have noted that.", "When did you first notice it?", "Is it worse at any time of the day?",
        "I see. And what about the other rooms?", "Has anybody looked at it before?", "All right, that is on the list as well.",
    ];

    private readonly Random _random = new(seed);

    public IReadOnlyList<(Speaker Speaker, string Text)> Turns(int words)
    {
        var turns = new List<(Speaker, string)>
        {
            (Speaker.Receptionist, "Thank you for calling Maple Street Plumbing. This call may be recorded. Please tell me what you need."),
            (Speaker.Caller, $"Good morning, my name is {Name}. {Reason} And then I have a long list of other things."),
            (Speaker.Receptionist, "I am sorry to hear that. Please tell me about all of it."),
        };
        var spoken = 0;
        var located = false;
        while (spoken < words)
        {
            var text = string.Join(' ', Enumerable.Range(0, _random.Next(2, 6)).Select(_ => Remark()));
            turns.Add((Speaker.Caller, text));
            turns.Add((Speaker.Receptionist, Pick(Replies)));
            spoken += text.Split(' ').Length + turns[^1].Item2.Split(' ').Length;
            if (!located && spoken > words / 2)
            {
                located = true;
                turns.Add((Speaker.Receptionist, "What is the address?"));
                turns.Add((Speaker.Caller, "It's twenty two seventeen Northeast Alder Street, in Portland."));
            }
        }
        turns.Add((Speaker.Receptionist, "What is the best number to reach you?"));
        turns.Add((Speaker.Caller, "My number is five oh three, five five five, oh one double eight."));
        turns.Add((Speaker.Receptionist, Promise));
        turns.Add((Speaker.Caller, "Wonderful. Thank you for your patience. Goodbye."));
        return turns;
    }

    public IReadOnlyList<Said> Words(int words) =>
        [.. Turns(words).Select((turn, index) => new Said(index + 1, turn.Speaker, turn.Text))];

    private string Remark() => _random.Next(4) == 0
        ? Pick(Asides)
        : $"The {Pick(Things)} in the {Pick(Rooms)} {Pick(Signs)}, it has been like that {Pick(When)}.";

    private T Pick<T>(T[] from) => from[_random.Next(from.Length)];
}
