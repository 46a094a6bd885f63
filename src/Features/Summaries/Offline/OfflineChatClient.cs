using System.Runtime.CompilerServices;
using System.Text.Json;
using KestrelVoice.Features.Summaries.Engines;
using Microsoft.Extensions.AI;

namespace KestrelVoice.Features.Summaries.Offline;

/// <summary>A chat client that is no model: it reads the question as the data that it is, and chooses its answer from the words in it.</summary>
internal sealed class OfflineChatClient : IChatClient
{
    private static readonly ChatClientMetadata Metadata = new("offline");

    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var asked = messages.Last(message => message.Role == ChatRole.User).Text;
        var answer = JsonSerializer.Deserialize<Question>(asked, SummaryEngine.Json) switch
        {
            Question.TakeNotes question => JsonSerializer.Serialize(OfflineAnswers.To(question), SummaryEngine.Json),
            Question.Combine question => JsonSerializer.Serialize(OfflineAnswers.To(question), SummaryEngine.Json),
            Question.Extract question => JsonSerializer.Serialize(OfflineAnswers.To(question), SummaryEngine.Json),
            _ => throw new ArgumentException("This client answers the questions of summaries only.", nameof(messages)),
        };
        return Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, answer)) { FinishReason = ChatFinishReason.Stop });
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var update in (await GetResponseAsync(messages, options, cancellationToken)).ToChatResponseUpdates())
            yield return update;
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is not null ? null : serviceType.IsInstanceOfType(this) ? this : serviceType == typeof(ChatClientMetadata) ? Metadata : null;

    public void Dispose()
    {
    }
}
