using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace KestrelVoice.GoogleStandIn;

/// <summary>A calendar with its events, each as the JSON that it is shown as.</summary>
/// <remarks>What is public here is what its owner does in Google's own app.</remarks>
public sealed partial class GoogleCalendar
{
    private static readonly TimeSpan SeriesReach = TimeSpan.FromDays(730);

    private readonly Lock gate = new();
    private readonly World world;
    private readonly string owner;
    private readonly string accessRole;
    private readonly Dictionary<string, (JsonObject Event, long Version)> events = new(StringComparer.Ordinal);

    internal GoogleCalendar(World world, string owner, string id, string summary, string timeZone, string accessRole) =>
        (this.world, this.owner, Id, Summary, TimeZone, this.accessRole) = (world, owner, id, summary, timeZone, accessRole);

    /// <summary>Looks like an address.</summary>
    public string Id { get; }

    /// <summary>Its name.</summary>
    public string Summary { get; }

    /// <summary>IANA name.</summary>
    public string TimeZone { get; }

    /// <summary>What is in it, without what was deleted.</summary>
    public IReadOnlyList<JsonObject> Events
    {
        get
        {
            lock (gate)
                return [.. events.Values.Where(each => !IsCancelled(each.Event)).Select(each => (JsonObject)each.Event.DeepClone())];
        }
    }

    internal bool IsWritable => accessRole is "owner" or "writer";

    /// <summary>Writes an event, or changes one in the named fields.</summary>
    /// <param name="id">Of 5 or more characters from a to v and 0 to 9.</param>
    /// <param name="fields">As in the API.</param>
    public void Put(string id, JsonObject fields)
    {
        lock (gate)
        {
            if (events.ContainsKey(id))
            {
                Patch(id, fields, ifMatch: null);
                return;
            }
            fields["id"] = id;
            Insert(fields);
        }
    }

    /// <summary>Deletes an event.</summary>
    /// <param name="id">Which.</param>
    public void Delete(string id) => Delete(id, ifMatch: null);

    internal JsonObject Insert(JsonObject body)
    {
        lock (gate)
        {
            var id = (string?)body["id"] ?? string.Create(CultureInfo.InvariantCulture, $"stand1n{world.NextVersion():d8}");
            if (!EventId().IsMatch(id))
                throw new RefusalException(400, "invalid", "Invalid resource id value.");
            // Also of one that was deleted.
            if (events.ContainsKey(id))
                throw new RefusalException(409, "duplicate", "The requested identifier already exists.");
            var now = EventTimes.Text(world.Options.Clock.GetUtcNow());
            var created = new JsonObject
            {
                ["kind"] = "calendar#event",
                ["id"] = id,
                ["status"] = "confirmed",
                ["created"] = now,
                ["creator"] = new JsonObject { ["email"] = owner, ["self"] = true },
                ["organizer"] = new JsonObject { ["email"] = Id, ["self"] = true },
                ["iCalUID"] = $"{id}@google.com",
                ["sequence"] = 0,
                ["eventType"] = "default",
            };
            Merge(created, body);
            EventTimes.Check(created, TimeZone);
            return Keep(id, created);
        }
    }

    internal JsonObject Get(string id)
    {
        lock (gate)
            return events.TryGetValue(id, out var found) ? (JsonObject)found.Event.DeepClone() : throw RefusalException.NotFound();
    }

    internal JsonObject Patch(string id, JsonObject body, string? ifMatch)
    {
        lock (gate)
        {
            var changed = Get(id);
            CheckMatch(changed, ifMatch);
            var time = changed["start"]?.ToJsonString() + changed["end"]?.ToJsonString();
            Merge(changed, body);
            EventTimes.Check(changed, TimeZone);
            if (changed["start"]?.ToJsonString() + changed["end"]?.ToJsonString() != time)
                changed["sequence"] = (int)changed["sequence"]! + 1;
            return Keep(id, changed);
        }
    }

    internal void Delete(string id, string? ifMatch)
    {
        lock (gate)
        {
            var deleted = Get(id);
            if (IsCancelled(deleted))
                throw new RefusalException(410, "deleted", "Resource has been deleted");
            CheckMatch(deleted, ifMatch);
            deleted["status"] = "cancelled";
            Keep(id, deleted);
        }
    }

    /// <summary>What overlaps the range, by when it begins.</summary>
    internal IReadOnlyList<JsonObject> Within(DateTimeOffset? from, DateTimeOffset? to, bool singleEvents) =>
    [
        .. Events.SelectMany(each => Shown(each, singleEvents, from, to))
            .Select(each => (Event: each, Time: EventTimes.Of(each, TimeZone)))
            .Where(each => (from is null || each.Time.End > from) && (to is null || each.Time.Start < to))
            .OrderBy(each => each.Time.Start)
            .Select(each => each.Event),
    ];

    /// <summary>What was changed or deleted after a version.</summary>
    internal IReadOnlyList<JsonObject> Since(long version, bool singleEvents)
    {
        lock (gate)
        {
            return
            [
                .. events.Values.Where(each => each.Version > version).OrderBy(each => each.Version).SelectMany(each => IsCancelled(each.Event)
                    ? [Tombstone(each.Event)]
                    : Shown((JsonObject)each.Event.DeepClone(), singleEvents, from: null, to: null)),
            ];
        }
    }

    internal long LastVersion
    {
        get
        {
            lock (gate)
                return events.Count == 0 ? 0 : events.Values.Max(each => each.Version);
        }
    }

    internal JsonObject ToListEntry() => new()
    {
        ["kind"] = "calendar#calendarListEntry",
        ["id"] = Id,
        ["summary"] = Summary,
        ["timeZone"] = TimeZone,
        ["accessRole"] = accessRole,
        ["selected"] = true,
        ["primary"] = Id == owner,
    };

    private IEnumerable<JsonObject> Shown(JsonObject item, bool singleEvents, DateTimeOffset? from, DateTimeOffset? to)
    {
        if (!singleEvents || item["recurrence"] is not JsonArray { Count: > 0 })
            return [item];
        var start = from ?? EventTimes.Of(item, TimeZone).Start;
        return EventTimes.Occurrences(item, TimeZone, start, to ?? start + SeriesReach);
    }

    private JsonObject Keep(string id, JsonObject item)
    {
        var version = world.NextVersion();
        item["etag"] = string.Create(CultureInfo.InvariantCulture, $"\"{3_181_161_784_712_000 + (version * 2)}\"");
        item["updated"] = EventTimes.Text(world.Options.Clock.GetUtcNow());
        events[id] = (item, version);
        return (JsonObject)item.DeepClone();
    }

    private static void CheckMatch(JsonObject item, string? ifMatch)
    {
        if (ifMatch is not null && ifMatch != "*" && ifMatch != (string?)item["etag"])
            throw new RefusalException(412, "conditionNotMet", "Precondition Failed");
    }

    // Objects are merged, lists are replaced, and null takes away.
    private static void Merge(JsonObject target, JsonObject changes)
    {
        foreach (var (name, value) in changes)
        {
            if (value is null)
                target.Remove(name);
            else if (value is JsonObject inner && target[name] is JsonObject existing)
                Merge(existing, inner);
            else if (value is JsonObject whole)
                Merge((JsonObject)(target[name] = new JsonObject()), whole);
            else
                target[name] = value.DeepClone();
        }
    }

    private static JsonObject Tombstone(JsonObject item) => new()
    {
        ["kind"] = "calendar#event",
        ["etag"] = (string)item["etag"]!,
        ["id"] = (string)item["id"]!,
        ["status"] = "cancelled",
    };

    private static bool IsCancelled(JsonObject item) => (string?)item["status"] == "cancelled";

    [GeneratedRegex(@"^[a-v0-9]{5,1024}\z")]
    private static partial Regex EventId();
}
