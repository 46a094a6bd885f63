namespace KestrelVoice.LocalDapr.Workflows;

/// <summary>Tells those who wait for an instance that it has changed. What nobody waits for takes no memory.</summary>
internal sealed class News
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Topic> _topics = new(StringComparer.Ordinal);

    public Subscription Follow(string id)
    {
        lock (_gate)
        {
            if (!_topics.TryGetValue(id, out var topic))
                _topics.Add(id, topic = new Topic());
            topic.Followers++;
            return new Subscription(this, id, topic);
        }
    }

    public void Announce(string id)
    {
        TaskCompletionSource? changed;
        lock (_gate)
        {
            if (!_topics.TryGetValue(id, out var topic))
                return;
            (changed, topic.Changed) = (topic.Changed, NewSource());
        }
        changed.SetResult();
    }

    private void Leave(string id, Topic topic)
    {
        lock (_gate)
        {
            if (--topic.Followers == 0)
                _topics.Remove(id);
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal sealed class Topic
    {
        public int Followers { get; set; }

        public TaskCompletionSource Changed { get; set; } = NewSource();
    }

    internal sealed class Subscription(News news, string id, Topic topic) : IDisposable
    {
        /// <summary>Completes at the next change. Taken before looking, so that no change falls between the two.</summary>
        public Task Next()
        {
            lock (news._gate)
                return topic.Changed.Task;
        }

        public void Dispose() => news.Leave(id, topic);
    }
}
