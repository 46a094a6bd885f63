namespace KestrelVoice.LocalDapr.PubSub;

/// <summary>
/// One group's place in a topic. A message taken is either settled or given back, and belongs to nobody else meanwhile,
/// so competing members and pauses never deliver one message twice at the same time.
/// </summary>
internal sealed class ConsumerGroup(MessageLog log, long id, string pubSub, string topic)
{
    private const int ReadAhead = 100;

    private readonly Lock _gate = new();
    private readonly Queue<Message> _ahead = new();
    private readonly Queue<Message> _returned = new();
    private long _after;

    /// <summary>Something may be there to take.</summary>
    public event Action? Woken;

    public string PubSub => pubSub;

    public string Topic => topic;

    public Message? Take()
    {
        lock (_gate)
        {
            if (_returned.TryDequeue(out var again))
                return again;
            if (_ahead.Count == 0)
            {
                foreach (var message in log.Owed(id, _after, ReadAhead))
                {
                    _ahead.Enqueue(message);
                    _after = message.Id;
                }
            }
            return _ahead.TryDequeue(out var next) ? next : null;
        }
    }

    public void Return(Message message)
    {
        lock (_gate)
            _returned.Enqueue(message);
        Wake();
    }

    public Task AcknowledgeAsync(Message message) => log.AcknowledgeAsync(id, message.Id);

    public Task DeadLetterAsync(Message message, string deadLetterTopic, Retention retention) =>
        log.DeadLetterAsync(id, message, pubSub, deadLetterTopic, retention);

    public void Wake() => Woken?.Invoke();
}
