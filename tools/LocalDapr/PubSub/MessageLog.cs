using System.Collections.Concurrent;
using System.Text.Json;
using KestrelVoice.LocalDapr.Storage;

namespace KestrelVoice.LocalDapr.PubSub;

/// <summary>A message as it lies in a topic.</summary>
internal sealed record Message(long Id, byte[] Data, IReadOnlyDictionary<string, string> Metadata);

/// <summary>How much of a topic is kept.</summary>
/// <param name="MaxLength">The newest so many are kept, delivered or not; null keeps what is not yet delivered without bound.</param>
internal sealed record Retention(int? MaxLength);

/// <summary>
/// Topics, their messages, and which consumer still owes which message. Like a Redis stream: a new consumer
/// starts at the oldest message still there, and an acknowledged message stays until the topic outgrows its bound.
/// </summary>
internal sealed class MessageLog
{
    private const int DeliveredKept = 10_000;

    private readonly Journal _journal;
    private readonly TimeProvider _clock;
    private readonly ConcurrentDictionary<(string PubSub, string Topic), ConsumerGroup[]> _joined = [];
    private readonly ConcurrentDictionary<long, ConsumerGroup> _groups = [];

    // Touched on the journal's writer thread only, so a publish knows its consumers without a query.
    private readonly Dictionary<(string PubSub, string Topic), Dictionary<string, long>> _consumers = [];
    private readonly Dictionary<(string PubSub, string Topic), long> _lengths = [];

    private MessageLog(Journal journal, TimeProvider clock) => (_journal, _clock) = (journal, clock);

    public static async Task<MessageLog> OpenAsync(Journal journal, IEnumerable<string> forgetful, TimeProvider clock)
    {
        var log = new MessageLog(journal, clock);
        await journal.WriteAsync(statements =>
        {
            foreach (var pubSub in forgetful)
            {
                statements.Execute("delete from pending where message_id in (select id from message where pubsub = $1)", pubSub);
                statements.Execute("delete from message where pubsub = $1", pubSub);
                statements.Execute("delete from consumer where pubsub = $1", pubSub);
            }
            log.Remember(statements);
        });
        return log;
    }

    /// <summary>Appends messages in one transaction; returns once they are on disk.</summary>
    public async Task PublishAsync(
        string pubSub, string topic, Retention retention, IReadOnlyList<(byte[] Data, IReadOnlyDictionary<string, string> Metadata)> messages)
    {
        await _journal.WriteAsync(statements =>
        {
            foreach (var (data, metadata) in messages)
                Append(statements, pubSub, topic, data, metadata, retention);
        });
        Announce(pubSub, topic);
    }

    /// <summary>Joins the group called <paramref name="name"/>. A new group owes every message that is still there; members of one group compete.</summary>
    public async Task<ConsumerGroup> JoinAsync(string pubSub, string topic, string name)
    {
        var id = await RegisterAsync(pubSub, topic, name);
        var group = _groups.GetOrAdd(id, _ => new ConsumerGroup(this, id, pubSub, topic));
        _joined.AddOrUpdate((pubSub, topic), [group], (_, groups) => groups.Contains(group) ? groups : [.. groups, group]);
        return group;
    }

    private Task<long> RegisterAsync(string pubSub, string topic, string name) => _journal.WriteAsync(statements =>
    {
        var known = statements.Scalar<long?>("select id from consumer where pubsub = $1 and topic = $2 and name = $3", pubSub, topic, name);
        var id = known ?? statements.Scalar<long>("insert into consumer (pubsub, topic, name) values ($1, $2, $3) returning id", pubSub, topic, name);
        if (known is null)
        {
            statements.Execute(
                "insert into pending (consumer_id, message_id) select $1, id from message where pubsub = $2 and topic = $3",
                id, pubSub, topic);
        }
        ConsumersOf(pubSub, topic)[name] = id;
        return id;
    });

    /// <summary>Messages a consumer owes, oldest first, after the one it saw last.</summary>
    public List<Message> Owed(long consumer, long after, int limit) => _journal.Read(statements => statements.List(
        """
        select message.id, message.data, message.metadata from pending
        join message on message.id = pending.message_id
        where pending.consumer_id = $1 and pending.message_id > $2
        order by pending.message_id limit $3
        """,
        row => new Message(row.GetInt64(0), row.GetFieldValue<byte[]>(1), JsonSerializer.Deserialize<Dictionary<string, string>>(row.GetString(2))!),
        consumer, after, limit));

    public Task AcknowledgeAsync(long consumer, long message) => _journal.WriteAsync(statements => Settle(statements, consumer, message));

    /// <summary>Moves a message's bytes to another topic and settles it, both or neither.</summary>
    public async Task DeadLetterAsync(long consumer, Message message, string pubSub, string topic, Retention retention)
    {
        await _journal.WriteAsync(statements =>
        {
            Settle(statements, consumer, message.Id);
            Append(statements, pubSub, topic, message.Data, message.Metadata, retention);
        });
        Announce(pubSub, topic);
    }

    /// <summary>Removes messages older than a component's stream TTL.</summary>
    public Task ExpireAsync(string pubSub, TimeSpan age)
    {
        var before = (_clock.GetUtcNow() - age).ToUnixTimeMilliseconds();
        return _journal.WriteAsync(statements =>
        {
            statements.Execute("delete from pending where message_id in (select id from message where pubsub = $1 and published_at < $2)", pubSub, before);
            if (statements.Execute("delete from message where pubsub = $1 and published_at < $2", pubSub, before) > 0)
                Remember(statements);
        });
    }

    private void Announce(string pubSub, string topic)
    {
        foreach (var group in _joined.GetValueOrDefault((pubSub, topic), []))
            group.Wake();
    }

    private static void Settle(Statements statements, long consumer, long message) =>
        statements.Execute("delete from pending where consumer_id = $1 and message_id = $2", consumer, message);

    private void Append(Statements statements, string pubSub, string topic, byte[] data, IReadOnlyDictionary<string, string> metadata, Retention retention)
    {
        var id = statements.Scalar<long>(
            "insert into message (pubsub, topic, data, metadata, published_at) values ($1, $2, $3, $4, $5) returning id",
            pubSub, topic, data, JsonSerializer.Serialize(metadata), _clock.GetUtcNow().ToUnixTimeMilliseconds());
        foreach (var consumer in ConsumersOf(pubSub, topic).Values)
            statements.Execute("insert into pending (consumer_id, message_id) values ($1, $2)", consumer, id);
        var length = _lengths[(pubSub, topic)] = _lengths.GetValueOrDefault((pubSub, topic)) + 1;
        Trim(statements, pubSub, topic, length, retention);
    }

    // A tenth of slack, so that a topic at its bound is not trimmed at every single publish.
    private void Trim(Statements statements, string pubSub, string topic, long length, Retention retention)
    {
        var bound = retention.MaxLength ?? DeliveredKept;
        if (length <= bound + (bound / 10) || (length - bound) % Math.Max(1, bound / 10) != 0)
            return;
        var surplus = length - bound;
        if (retention.MaxLength is not null)
        {
            statements.Execute(
                "delete from pending where message_id in (select id from message where pubsub = $1 and topic = $2 order by id limit $3)",
                pubSub, topic, surplus);
        }
        else if (ConsumersOf(pubSub, topic).Count == 0)
        {
            return;
        }
        var removed = statements.Execute(
            """
            delete from message where id in (select id from message where pubsub = $1 and topic = $2 order by id limit $3)
            and not exists (select 1 from pending where pending.message_id = message.id)
            """,
            pubSub, topic, surplus);
        _lengths[(pubSub, topic)] = length - removed;
    }

    private Dictionary<string, long> ConsumersOf(string pubSub, string topic)
    {
        if (!_consumers.TryGetValue((pubSub, topic), out var consumers))
            _consumers[(pubSub, topic)] = consumers = new Dictionary<string, long>(StringComparer.Ordinal);
        return consumers;
    }

    private void Remember(Statements statements)
    {
        _consumers.Clear();
        _lengths.Clear();
        foreach (var (pubSub, topic, name, id) in statements.List(
            "select pubsub, topic, name, id from consumer", row => (row.GetString(0), row.GetString(1), row.GetString(2), row.GetInt64(3))))
        {
            ConsumersOf(pubSub, topic)[name] = id;
        }
        foreach (var (pubSub, topic, length) in statements.List(
            "select pubsub, topic, count(*) from message group by pubsub, topic", row => (row.GetString(0), row.GetString(1), row.GetInt64(2))))
        {
            _lengths[(pubSub, topic)] = length;
        }
    }
}
