using System.Text.Json;
using NJsonSchema.CodeGeneration.CSharp;
using NSwag;
using NSwag.CodeGeneration.CSharp;
using NSwag.CodeGeneration.OperationNameGenerators;

namespace KestrelVoice.Features.Tests.Description;

/// <summary>What others build upon: the document, and the clients that are made from it.</summary>
public sealed class OpenApiDocumentTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private const string Document = "docs/openapi.json";

    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    [Fact]
    public async Task The_document_that_is_served_is_the_one_that_was_reviewed()
    {
        var served = await app.Stranger().ReadAsync("/openapi/v1.json");

        await JsonSerializer.Serialize(served, Indented).ShouldBeCheckedInAs(Document);
    }

    [Fact]
    public async Task Spectral_finds_nothing_to_complain_about() =>
        await NodeTool.RunAsync(Checkout.Root, "spectral", "lint", Document, "--ruleset", "docs/spectral.yaml", "--fail-severity", "warn", "--quiet");

    [Fact]
    public async Task The_client_for_csharp_is_made_from_the_document()
    {
        var document = await OpenApiDocument.FromFileAsync(Path.Combine(Checkout.Root, Document), TestContext.Current.CancellationToken);
        var generator = new CSharpClientGenerator(document, new CSharpClientGeneratorSettings
        {
            ClassName = "KestrelVoiceClient",
            ExceptionClass = "KestrelVoiceException",
            // Whoever makes the HttpClient says where we are and who he is.
            InjectHttpClient = true,
            DisposeHttpClient = false,
            UseBaseUrl = false,
            GenerateOptionalParameters = true,
            OperationNameGenerator = new SingleClientFromOperationIdOperationNameGenerator(),
            CSharpGeneratorSettings =
            {
                Namespace = "KestrelVoice.Client",
                JsonLibrary = CSharpJsonLibrary.SystemTextJson,
                GenerateNullableReferenceTypes = true,
                GenerateOptionalPropertiesAsNullable = true,
            },
        });

        await generator.GenerateFile().ShouldBeCheckedInAs("clients/csharp/KestrelVoiceClient.g.cs");
    }

    [Fact]
    public async Task The_client_for_typescript_is_made_from_the_document_and_compiles()
    {
        var types = await NodeTool.RunAsync(Checkout.Root, "openapi-typescript", Document);
        await types.ShouldBeCheckedInAs("clients/typescript/schema.d.ts");

        var folder = Directory.CreateTempSubdirectory("kestrelvoice-typescript-");
        try
        {
            foreach (var file in Directory.EnumerateFiles(Path.Combine(Checkout.Root, "clients", "typescript")))
                File.Copy(file, Path.Combine(folder.FullName, Path.GetFileName(file)));
            Directory.CreateSymbolicLink(Path.Combine(folder.FullName, "node_modules"), NodeTool.Modules);
            await NodeTool.RunAsync(folder.FullName, "tsc", "--project", ".");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
