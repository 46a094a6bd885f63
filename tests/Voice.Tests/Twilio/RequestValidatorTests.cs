using System.Text;
using KestrelVoice.Voice.Twilio;

namespace KestrelVoice.Voice.Tests.Twilio;

public sealed class RequestValidatorTests
{
    private readonly RequestValidator _validator = new(SignatureVectors.Token);

    public static TheoryData<SignedRequest> Accepted => [.. SignatureVectors.Accepted];

    public static TheoryData<SignedRequest> Refused => [.. SignatureVectors.Refused];

    [Theory, MemberData(nameof(Accepted))]
    public void A_request_that_Twilio_signed_is_accepted(SignedRequest request) => Validate(_validator, request).ShouldBeTrue();

    [Theory, MemberData(nameof(Refused))]
    public void A_request_that_differs_from_what_was_signed_is_refused(SignedRequest request) => Validate(_validator, request).ShouldBeFalse();

    [Theory, MemberData(nameof(Accepted))]
    public void Another_token_accepts_nothing(SignedRequest request) => Validate(new RequestValidator("another"), request).ShouldBeFalse();

    [Fact]
    public void The_fragment_is_no_part_of_the_signature() =>
        Validate(_validator, SignatureVectors.Accepted[0] with { Url = SignatureVectors.Accepted[0].Url + "#rc=3&rp=all" }).ShouldBeTrue();

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(" ")]
    public void Without_a_token_there_is_no_validator(string? token) => Should.Throw<ArgumentException>(() => new RequestValidator(token!));

    [Fact]
    public async Task The_stock_library_agrees_on_every_vector_in_both_directions()
    {
        var vectors = SignatureVectors.Accepted.Concat(SignatureVectors.Refused).Where(request => request.Signature.Length == 28).ToArray();

        var answers = await TwilioOracle.AskAsync(
            vectors.Select(request => request.Body is { } body
                ? TwilioOracle.ValidateBody(SignatureVectors.Token, request.Url, body, request.Signature)
                : TwilioOracle.Validate(SignatureVectors.Token, request.Url, request.Parameters, request.Signature)),
            TestContext.Current.CancellationToken);

        answers.Select(answer => answer.GetBoolean()).ShouldBe(vectors.Select(request => Validate(_validator, request)));
        answers.Count(answer => answer.GetBoolean()).ShouldBe(SignatureVectors.Accepted.Length);
    }

    [Fact]
    public async Task What_we_sign_the_stock_library_accepts_and_the_other_way_round()
    {
        var requests = SignatureVectors.Accepted.Where(request => request.Body is null && request.Form.Length > 0).ToArray();
        var ours = requests.Select(request => _validator.Sign(request.Url, request.Parameters)).ToArray();

        var answers = await TwilioOracle.AskAsync(
            [
                .. requests.Select((request, i) => TwilioOracle.Validate(SignatureVectors.Token, request.Url, request.Parameters, ours[i])),
                .. requests.Select(request => TwilioOracle.Sign(SignatureVectors.Token, request.Url, request.Parameters)),
            ],
            TestContext.Current.CancellationToken);

        answers.Take(requests.Length).ShouldAllBe(answer => answer.GetBoolean());
        answers.Skip(requests.Length).Select(answer => answer.GetString()).ShouldBe(ours);
    }

    private static bool Validate(RequestValidator validator, SignedRequest request) => request.Body is { } body
        ? validator.Validate(request.Url, Encoding.UTF8.GetBytes(body), request.Signature)
        : validator.Validate(request.Url, request.Parameters, request.Signature);
}
