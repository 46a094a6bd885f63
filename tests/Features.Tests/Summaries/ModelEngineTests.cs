using System.Collections.Concurrent;
using System.Text.Json;
using KestrelVoice.Features.Summaries.Engines;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Tests.Summaries;

/// <summary>The engine over an OpenAI-compatible server: what it sends, and what it does with every kind of answer.</summary>
public sealed class ModelEngineTests
{
    private static readonly IReadOnlyList<Said> Turns = Transcript.Read(
        """
        R: Please tell me what you need.
        C: My name is Ann Lee. The water heater is leaking, call me at 503 555 0142.
        """);

    private static readonly Question.TakeNotes Notes = new(Transcript.Context, Turns);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_call_travels_as_data_and_the_answer_is_asked_for_as_json()
    {
        await using var model = await ScriptedModel.StartAsync(ScriptedModel.AnswerSensiblyAsync);
        await using var asked = Ask(model);

        var notes = await asked.Engine.TakeNotesAsync(Notes, Token);

        notes.Findings.CustomerName!.Value.ShouldBe("Ann Lee");
        var request = model.Requests.ShouldHaveSingleItem();
        request.Path.ShouldBe("/v1/chat/completions");
        request.Authorization.ShouldBe("Bearer the key");
        ((string?)request.Body["model"]).ShouldBe("scripted-1");
        ((string?)request.Body["response_format"]!["type"]).ShouldBe("json_schema");
        ((double)request.Body["temperature"]!).ShouldBe(0);
        var (system, user) = (request.Body["messages"]![0]!, request.Body["messages"]![1]!);
        ((string?)system["role"]).ShouldBe("system");
        ((string)system["content"]!).ShouldNotContain("Ann Lee");
        ((string?)user["role"]).ShouldBe("user");
        var document = JsonDocument.Parse((string)user["content"]!).RootElement;
        document.GetProperty("task").GetString().ShouldBe("take_notes");
        document.GetProperty("turns")[1].GetRawText().ShouldBe(
            """{"turn":2,"speaker":"caller","text":"My name is Ann Lee. The water heater is leaking, call me at 503 555 0142."}""");
    }

    [Fact]
    public async Task A_server_that_stumbles_is_asked_again()
    {
        await using var model = await ScriptedModel.StartAsync((request, context) => request.Number switch
        {
            1 => ScriptedModel.RefuseAsync(context, StatusCodes.Status503ServiceUnavailable),
            2 => ScriptedModel.RefuseAsync(context, StatusCodes.Status429TooManyRequests, retryAfter: "1"),
            _ => ScriptedModel.AnswerSensiblyAsync(request, context),
        });
        await using var asked = Ask(model);

        (await asked.Engine.TakeNotesAsync(Notes, Token)).Points.ShouldNotBeEmpty();

        model.Requests.Count.ShouldBe(3);
    }

    [Fact]
    public async Task A_server_that_wants_minutes_of_patience_is_not_waited_for()
    {
        await using var model = await ScriptedModel.StartAsync((_, context) =>
            ScriptedModel.RefuseAsync(context, StatusCodes.Status429TooManyRequests, retryAfter: "120"));

        await ShouldFail(model, EngineProblem.Unavailable);

        model.Requests.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(StatusCodes.Status400BadRequest, EngineProblem.Refused, 1)]
    [InlineData(StatusCodes.Status401Unauthorized, EngineProblem.Refused, 1)]
    [InlineData(StatusCodes.Status404NotFound, EngineProblem.Refused, 1)]
    [InlineData(StatusCodes.Status302Found, EngineProblem.Refused, 1)]
    [InlineData(StatusCodes.Status500InternalServerError, EngineProblem.Unavailable, 3)]
    public async Task A_refusal_is_final_and_an_error_is_so_after_three_times(int status, string problem, int requests)
    {
        await using var model = await ScriptedModel.StartAsync((_, context) => ScriptedModel.RefuseAsync(context, status));

        await ShouldFail(model, problem);

        model.Requests.Count.ShouldBe(requests);
    }

    [Fact]
    public async Task A_server_that_says_nothing_is_given_up()
    {
        await using var model = await ScriptedModel.StartAsync((_, context) => Task.Delay(Timeout.Infinite, context.RequestAborted));

        await ShouldFail(model, EngineProblem.Timeout, TimeSpan.FromMilliseconds(200));
    }

    [Fact]
    public async Task A_server_that_stops_in_the_middle_is_given_up()
    {
        await using var model = await ScriptedModel.StartAsync((_, context) => ScriptedModel.StallInTheMiddleAsync(context));

        await ShouldFail(model, EngineProblem.Timeout, TimeSpan.FromMilliseconds(200));
    }

    [Fact]
    public async Task A_connection_that_breaks_is_tried_again_and_then_given_up()
    {
        await using var model = await ScriptedModel.StartAsync((_, context) => ScriptedModel.BreakOffAsync(context));

        await ShouldFail(model, EngineProblem.Unavailable);

        model.Requests.Count.ShouldBe(3);
    }

    [Fact]
    public async Task Nobody_at_the_address_is_unavailable()
    {
        await using var asked = Ask("http://127.0.0.1:9/v1");

        (await Should.ThrowAsync<EngineException>(() => asked.Engine.TakeNotesAsync(Notes, Token))).Problem.ShouldBe(EngineProblem.Unavailable);
    }

    [Theory]
    [InlineData("""{"points":[{"turn":2,"te""", "length", EngineProblem.Truncated)]
    [InlineData("""{"points":[{"turn":2,"te""", "stop", EngineProblem.InvalidAnswer)]
    [InlineData("I am sorry, I cannot help with that.", "stop", EngineProblem.InvalidAnswer)]
    [InlineData("", "content_filter", EngineProblem.InvalidAnswer)]
    [InlineData("null", "stop", EngineProblem.InvalidAnswer)]
    [InlineData("[]", "stop", EngineProblem.InvalidAnswer)]
    [InlineData("{}", "stop", EngineProblem.InvalidAnswer)]
    [InlineData("""{"points":[null],"findings":{}}""", "stop", EngineProblem.InvalidAnswer)]
    [InlineData("""{"points":[{"turn":999,"text":"It cites what was not said."}],"findings":{}}""", "stop", EngineProblem.InvalidAnswer)]
    [InlineData("""{"points":[],"findings":{"reason":{"value":"Pay at once.","turn":7}}}""", "stop", EngineProblem.InvalidAnswer)]
    [InlineData("""{"points":[],"findings":{"urgency":{"value":"apocalyptic","turn":2}}}""", "stop", EngineProblem.InvalidAnswer)]
    [InlineData("""{"points":[],"findings":{"phone":{"value":"call 12","turn":2}}}""", "stop", EngineProblem.InvalidAnswer)]
    public async Task An_answer_that_does_not_hold_is_not_believed(string content, string finishReason, string problem)
    {
        await using var model = await ScriptedModel.StartAsync((_, context) => ScriptedModel.AnswerAsync(context, content, finishReason));

        await ShouldFail(model, problem);

        model.Requests.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("not json at all")]
    [InlineData("{}")]
    [InlineData("""{"choices":[]}""")]
    [InlineData("""{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":""")]
    public async Task A_body_that_is_no_completion_is_an_invalid_answer(string body)
    {
        await using var model = await ScriptedModel.StartAsync((_, context) =>
        {
            context.Response.ContentType = "application/json";
            return context.Response.WriteAsync(body, context.RequestAborted);
        });

        await ShouldFail(model, EngineProblem.InvalidAnswer);
    }

    [Fact]
    public async Task An_answer_without_end_is_cut_off()
    {
        await using var model = await ScriptedModel.StartAsync(async (_, context) =>
        {
            var chunk = new byte[64 * 1024];
            Array.Fill(chunk, (byte)' ');
            while (!context.RequestAborted.IsCancellationRequested)
                await context.Response.Body.WriteAsync(chunk, context.RequestAborted);
        });

        await ShouldFail(model, EngineProblem.Unavailable);
    }

    [Fact]
    public async Task What_is_believed_is_trimmed_to_what_can_be_shown_and_stored()
    {
        var long5000 = new string('a', 5_000);
        await using var model = await ScriptedModel.StartAsync((_, context) => ScriptedModel.AnswerAsync(context,
            $$$"""
            Sure! ```json
            {"points":[{"turn":2,"text":"{{{long5000}}}"},{"turn":2,"text":"  "}],"extra":1,
             "findings":{"reason":{"value":"A\u0000 leak\nin the heater","turn":2,"quote":"never said so","confidence":7},
                         "customer_name":{"value":"Ann Lee","turn":2,"quote":"my name IS Ann Lee"},"phone":{"value":"(503) 555-0142","turn":2},
                         "urgency":{"value":"High","turn":2},"address":{"value":"","turn":40},"follow_up":null}}
            ```
            """));
        await using var asked = Ask(model);

        var notes = await asked.Engine.TakeNotesAsync(Notes, Token);

        notes.Points.ShouldHaveSingleItem().Text.Length.ShouldBe(AnswerRules.LongestPoint);
        notes.Findings.Reason.ShouldBe(new Finding("A leak in the heater", 2, null, 1));
        notes.Findings.CustomerName!.Quote.ShouldBe("my name IS Ann Lee");
        notes.Findings.Phone!.Value.ShouldBe("+15035550142");
        notes.Findings.Urgency!.Value.ShouldBe(UrgencyText.High);
        notes.Findings.Address.ShouldBeNull();
    }

    [Fact]
    public async Task A_choice_that_was_no_candidate_is_not_believed()
    {
        await using var model = await ScriptedModel.StartAsync((_, context) =>
            ScriptedModel.AnswerAsync(context, """{"reason":{"value":"Something else","turn":1}}"""));
        await using var asked = Ask(model);
        var candidates = Findings.None with { Reason = new Finding("The water heater is leaking", 2, null, 1) };

        var failure = await Should.ThrowAsync<EngineException>(() => asked.Engine.ExtractAsync(
            new Question.Extract(Transcript.Context, [candidates]), new Dictionary<int, Said> { [2] = Turns[1] }, Token));

        failure.Problem.ShouldBe(EngineProblem.InvalidAnswer);
    }

    [Fact]
    public async Task A_request_that_is_given_up_is_no_failure_of_the_model()
    {
        await using var model = await ScriptedModel.StartAsync((_, context) => Task.Delay(Timeout.Infinite, context.RequestAborted));
        await using var asked = Ask(model);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(Token);

        var asking = asked.Engine.TakeNotesAsync(Notes, gone.Token);
        await gone.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => asking);
    }

    [Fact]
    public async Task Nothing_that_was_said_and_no_key_gets_into_the_logs()
    {
        await using var model = await ScriptedModel.StartAsync((request, context) => request.Number switch
        {
            1 => ScriptedModel.RefuseAsync(context, StatusCodes.Status503ServiceUnavailable),
            2 => ScriptedModel.AnswerSensiblyAsync(request, context),
            _ => ScriptedModel.AnswerAsync(context, """{"points":[{"turn":999,"text":"Ann Lee said"}],"findings":{}}"""),
        });
        using var logs = new Written();
        await using var asked = Ask(model.Endpoint, logs: logs);

        await asked.Engine.TakeNotesAsync(Notes, Token);
        await Should.ThrowAsync<EngineException>(() => asked.Engine.TakeNotesAsync(Notes, Token));

        logs.Lines.ShouldContain(line => line.Contains("invalid_answer", StringComparison.Ordinal));
        foreach (var secret in new[] { "Ann", "0142", "heater", "the key" })
            logs.Lines.ShouldAllBe(line => !line.Contains(secret, StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("ftp://models", "m", "00:00:20")]
    [InlineData("models", "m", "00:00:20")]
    [InlineData("http://127.0.0.1:9/v1", "", "00:00:20")]
    [InlineData("", "", "00:00:00")]
    [InlineData("", "", "1.00:00:00")]
    public void Settings_that_cannot_work_are_refused_at_start(string endpoint, string model, string timeout)
    {
        var settings = new SummarySettings { Endpoint = endpoint, Model = model, RequestTimeout = TimeSpan.Parse(timeout, null) };

        new SummarySettings.Validator().Validate(null, settings).Failed.ShouldBeTrue();
    }

    private static async Task ShouldFail(ScriptedModel model, string problem, TimeSpan? timeout = null)
    {
        await using var asked = Ask(model.Endpoint, timeout);
        (await Should.ThrowAsync<EngineException>(() => asked.Engine.TakeNotesAsync(Notes, Token))).Problem.ShouldBe(problem);
    }

    private static AskedEngine Ask(ScriptedModel model) => Ask(model.Endpoint);

    private static AskedEngine Ask(string endpoint, TimeSpan? timeout = null, Written? logs = null)
    {
        var settings = new SummarySettings
        {
            Endpoint = endpoint,
            Model = "scripted-1",
            ApiKey = "the key",
            RequestTimeout = timeout ?? TimeSpan.FromSeconds(30),
        };
        var services = new ServiceCollection().AddSingleton(Options.Create(settings)).AddLogging(logging =>
        {
            logging.SetMinimumLevel(LogLevel.Trace);
            if (logs is not null)
                logging.AddProvider(logs);
        });
        services.AddModelHttp();
        var provider = services.BuildServiceProvider();
        var client = ModelClient.Create(settings, provider.GetRequiredService<IHttpClientFactory>());
        return new AskedEngine(provider, new SummaryEngine(
            SummaryEngines.ModelName, settings.Model, client, provider.GetRequiredService<ILogger<SummaryEngine>>()));
    }

    private sealed record AskedEngine(ServiceProvider Services, SummaryEngine Engine) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Services.DisposeAsync();
    }

    private sealed class Written : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _lines = new();

        public IReadOnlyList<string> Lines => [.. _lines];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            _lines.Enqueue(state.ToString()!);
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Enqueue(formatter(state, exception) + exception);

        public void Dispose()
        {
        }
    }
}
