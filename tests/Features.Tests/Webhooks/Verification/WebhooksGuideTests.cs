using KestrelVoice.Features.Webhooks.Delivery;
using KestrelVoice.Features.Webhooks.Endpoints;

namespace KestrelVoice.Features.Tests.Webhooks.Verification;

public sealed class WebhooksGuideTests
{
    [Fact]
    public void Our_signatures_are_those_of_the_published_vectors()
    {
        var vectors = WebhooksGuide.Vectors();

        vectors.Count.ShouldBe(4);
        foreach (var delivery in vectors.GroupBy(vector => (Id: vector.Headers["webhook-id"], Signatures: vector.Headers["webhook-signature"])))
        {
            var keys = delivery.Select(vector => SecretText.KeyOf(vector.Secret)).ToList();
            WebhookSignature.Of(delivery.Key.Id, delivery.First().Now!.Value, delivery.First().Body, keys).ShouldBe(delivery.Key.Signatures);
        }
    }

    [Fact]
    public async Task Everybody_believes_the_published_vectors_and_nothing_else()
    {
        var vectors = WebhooksGuide.Vectors();
        var forgeries = vectors.SelectMany(vector => vector.Forgeries()).ToList();

        var answers = await Receivers.AskAsync([.. vectors, .. forgeries.Select(forgery => forgery.Delivery)]);

        answers.Select(answer => answer.Receiver).ShouldContain(Receivers.Svix);
        foreach (var (receiver, believes) in answers)
        {
            believes.Take(vectors.Count).ShouldAllBe(believed => believed, receiver);
            forgeries.Zip(believes.Skip(vectors.Count)).Where(pair => pair.Second).Select(pair => pair.First.Why).ShouldBeEmpty(receiver);
        }
    }

    [Fact]
    public void The_code_in_the_guide_is_the_code_that_is_tested() =>
        WebhooksGuide.CodeUnder("C#").ShouldBe(File.ReadAllText(Path.Combine(Checkout.Root, "docs", "examples", "webhooks", "KestrelVoiceWebhook.cs")));

    [Fact]
    public void The_third_secret_is_the_text_that_the_guide_names() =>
        SecretText.Of(SecretText.KeyOf("zwölf Dutzend Äpfel, mehr")).ShouldBe(WebhooksGuide.Vectors()[^1].Secret);
}
