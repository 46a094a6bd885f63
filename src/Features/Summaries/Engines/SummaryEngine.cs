using System.ClientModel;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace KestrelVoice.Features.Summaries.Engines;

/// <summary>Asks a chat client and believes only an answer that holds. The offline engine is asked in the same way as a model.</summary>
/// <param name="name">As the API shows it.</param>
/// <param name="model">The model's own name; null for the offline engine.</param>
internal sealed partial class SummaryEngine(string name, string? model, IChatClient client, ILogger<SummaryEngine> logger)
{
    private const int MostAnswerTokens = 2_000;

    internal static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        // Escapes would cost a model several tokens a letter.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public string Name => name;

    public string? Model => model;

    /// <exception cref="EngineException">It gave no notes that could be used.</exception>
    public Task<Notes> TakeNotesAsync(Question.TakeNotes question, CancellationToken cancellationToken)
    {
        var turns = question.Turns.ToDictionary(said => said.Turn);
        return AskAsync<Notes, Notes>(
            question, Instructions.TakeNotes, answer => AnswerRules.Check(answer, turns, question.Call.Region), cancellationToken);
    }

    /// <exception cref="EngineException">It gave no text that could be used.</exception>
    public Task<string> CombineAsync(Question.Combine question, CancellationToken cancellationToken) =>
        AskAsync<Combination, string>(question, Instructions.Combine, AnswerRules.Check, cancellationToken);

    /// <param name="cited">The turns that the candidates come from.</param>
    /// <exception cref="EngineException">It chose nothing that could be used.</exception>
    public Task<Findings> ExtractAsync(
        Question.Extract question, IReadOnlyDictionary<int, Said> cited, CancellationToken cancellationToken) =>
        AskAsync<Findings, Findings>(
            question, Instructions.Extract, answer => AnswerRules.Check(answer, cited, question.Call.Region), cancellationToken);

    private async Task<TResult> AskAsync<TAnswer, TResult>(
        Question question, string instructions, Func<TAnswer, TResult> check, CancellationToken cancellationToken)
    {
        try
        {
            var response = await client.GetResponseAsync(
                [
                    new ChatMessage(ChatRole.System, instructions),
                    new ChatMessage(ChatRole.User, JsonSerializer.Serialize(question, Json)),
                ],
                new ChatOptions
                {
                    ModelId = model,
                    Temperature = 0,
                    MaxOutputTokens = MostAnswerTokens,
                    ResponseFormat = Shape<TAnswer>.Format,
                },
                cancellationToken);
            if (response.FinishReason == ChatFinishReason.Length)
                throw new EngineException(EngineProblem.Truncated);
            return check(JsonSerializer.Deserialize<TAnswer>(Unfenced(response.Text), Json) ?? throw new EngineException(EngineProblem.InvalidAnswer));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        // Whatever a server answers, the worst that may come of it is that the other engine is asked.
        catch (Exception failure)
        {
            var problem = ProblemOf(failure);
            LogProblem(logger, name, problem, failure.GetType().Name);
            throw new EngineException(problem);
        }
    }

    // Some servers wrap JSON as if it were for a chat window.
    private static string Unfenced(string text)
    {
        var (first, last) = (text.IndexOf('{', StringComparison.Ordinal), text.LastIndexOf('}'));
        return first >= 0 && last > first ? text[first..(last + 1)] : text;
    }

    private static string ProblemOf(Exception failure) => failure switch
    {
        EngineException known => known.Problem,
        TimeoutRejectedException or OperationCanceledException => EngineProblem.Timeout,
        BrokenCircuitException or HttpRequestException or IOException => EngineProblem.Unavailable,
        ClientResultException { Status: 408 or 429 or >= 500 } => EngineProblem.Unavailable,
        ClientResultException { Status: >= 400 } => EngineProblem.Refused,
        ClientResultException { InnerException: { } inner } => ProblemOf(inner),
        _ => EngineProblem.InvalidAnswer,
    };

    private static class Shape<TAnswer>
    {
        public static readonly ChatResponseFormat Format = ChatResponseFormat.ForJsonSchema<TAnswer>(Json, typeof(TAnswer).Name.ToLowerInvariant());
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The summary engine {Engine} failed: {Problem} ({Exception})")]
    private static partial void LogProblem(ILogger logger, string engine, string problem, string exception);
}
