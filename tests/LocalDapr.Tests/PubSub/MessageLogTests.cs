using KestrelVoice.LocalDapr.PubSub;
using KestrelVoice.LocalDapr.Storage;
using Microsoft.Extensions.Time.Testing;

namespace KestrelVoice.LocalDapr.Tests.PubSub;

public sealed class MessageLogTests : IAsyncLifetime
{
    private static readonly Dictionary<string, string> s_none = [];
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kestrel-log-");
    private readonly FakeTimeProvider _clock = new();
    private Journal _journal = null!;
    private MessageLog _log = null!;

    public async ValueTask InitializeAsync() => await OpenAsync();

    public async ValueTask DisposeAsync()
    {
        await _journal.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_group_that_joins_late_starts_at_the_oldest_message_still_there()
    {
        await PublishAsync(1, 2, 3);
        var first = await _log.JoinAsync("pubsub", "t", "first");
        var taken = TakeAll(first);
        foreach (var message in taken)
            await first.AcknowledgeAsync(message);

        var late = await _log.JoinAsync("pubsub", "t", "late");

        taken.Select(Number).ShouldBe([1, 2, 3]);
        TakeAll(late).Select(Number).ShouldBe([1, 2, 3]);
    }

    [Fact]
    public async Task A_taken_message_is_nobody_elses_until_it_is_given_back()
    {
        await PublishAsync(1);
        var group = await _log.JoinAsync("pubsub", "t", "g");

        var message = group.Take().ShouldNotBeNull();
        group.Take().ShouldBeNull();
        group.Return(message);

        group.Take().ShouldBe(message);
    }

    [Fact]
    public async Task What_was_not_acknowledged_comes_again_after_a_restart()
    {
        var group = await _log.JoinAsync("pubsub", "t", "g");
        await PublishAsync(1, 2, 3);
        await group.AcknowledgeAsync(TakeAll(group)[1]);

        await _journal.DisposeAsync();
        await OpenAsync();

        TakeAll(await _log.JoinAsync("pubsub", "t", "g")).Select(Number).ShouldBe([1, 3]);
    }

    [Fact]
    public async Task A_bound_keeps_the_newest_messages_delivered_or_not()
    {
        var group = await _log.JoinAsync("pubsub", "t", "g");

        foreach (var number in Enumerable.Range(1, 60))
            await _log.PublishAsync("pubsub", "t", new Retention(20), [([(byte)number], s_none)]);

        var kept = TakeAll(group).Select(Number).ToArray();
        kept.Length.ShouldBeInRange(20, 22);
        kept[^1].ShouldBe(60);
        kept.ShouldBe(Enumerable.Range(61 - kept.Length, kept.Length));
    }

    [Fact]
    public async Task Without_a_bound_nothing_undelivered_is_dropped()
    {
        var group = await _log.JoinAsync("pubsub", "t", "g");

        foreach (var _ in Enumerable.Range(0, 24))
            await _log.PublishAsync("pubsub", "t", new Retention(null), [.. Enumerable.Range(0, 500).Select(_ => (new byte[] { 1 }, (IReadOnlyDictionary<string, string>)s_none))]);

        TakeAll(group).Count.ShouldBe(12_000);
    }

    [Fact]
    public async Task A_dead_letter_moves_and_settles_at_once()
    {
        var group = await _log.JoinAsync("pubsub", "t", "g");
        await PublishAsync(7);

        await group.DeadLetterAsync(group.Take()!, "dead", new Retention(null));
        await _journal.DisposeAsync();
        await OpenAsync();

        TakeAll(await _log.JoinAsync("pubsub", "t", "g")).ShouldBeEmpty();
        TakeAll(await _log.JoinAsync("pubsub", "dead", "g")).Select(Number).ShouldBe([7]);
    }

    [Fact]
    public async Task A_write_that_fails_takes_none_of_its_neighbours_with_it()
    {
        var writes = Enumerable.Range(0, 50).Select(i => _journal.WriteAsync(statements => i == 25
            ? statements.Execute("insert into message (id) values (null)")
            : statements.Execute("insert into message (pubsub, topic, data, metadata, published_at) values ('p', 't', x'00', '{}', 0)"))).ToArray();

        await Should.ThrowAsync<Microsoft.Data.Sqlite.SqliteException>(() => writes[25]);
        await Task.WhenAll(writes.Where((_, i) => i != 25));

        _journal.Read(statements => statements.Scalar<long>("select count(*) from message where pubsub = 'p'")).ShouldBe(49);
    }

    [Fact]
    public async Task Messages_older_than_the_streams_time_to_live_are_gone()
    {
        var group = await _log.JoinAsync("pubsub", "t", "g");
        await PublishAsync(1);
        _clock.Advance(TimeSpan.FromMinutes(10));
        await PublishAsync(2);

        await _log.ExpireAsync("pubsub", TimeSpan.FromMinutes(5));

        TakeAll(group).Select(Number).ShouldBe([2]);
        TakeAll(await _log.JoinAsync("pubsub", "t", "late")).Select(Number).ShouldBe([2]);
    }

    private static int Number(Message message) => message.Data[0];

    private static List<Message> TakeAll(ConsumerGroup group)
    {
        var messages = new List<Message>();
        while (group.Take() is { } message)
            messages.Add(message);
        return messages;
    }

    private async Task PublishAsync(params byte[] numbers)
    {
        foreach (var number in numbers)
            await _log.PublishAsync("pubsub", "t", new Retention(null), [([number], s_none)]);
    }

    private async Task OpenAsync()
    {
        _journal = Journal.Open(Path.Combine(_folder.FullName, "log.db"));
        _log = await MessageLog.OpenAsync(_journal, [], _clock);
    }
}
