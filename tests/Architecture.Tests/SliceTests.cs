using System.Reflection;
using System.Text.RegularExpressions;
using Carter;
using FluentValidation;
using MediatR;

namespace KestrelVoice.Architecture.Tests;

public sealed partial class SliceTests
{
    private static readonly Type[] Requests = [.. Solution.WrittenTypes(Solution.Features).Where(type => !type.IsAbstract && type.Is(typeof(IRequest<>)))];
    private static readonly Type[] Handlers = [.. Solution.WrittenTypes(Solution.Features).Where(type => !type.IsAbstract && type.Is(typeof(IRequestHandler<,>)))];
    private static readonly Type[] Validators = [.. Solution.WrittenTypes(Solution.Features).Where(type => !type.IsAbstract && type.Is(typeof(IValidator<>)))];

    [Fact]
    public void No_slice_depends_on_another_slice()
    {
        var slices = Solution.SliceClasses.Select(slice => slice.FullName!).ToHashSet(StringComparer.Ordinal);
        var dependencies = Solution.Dependencies(Solution.Features);

        Rule.Holds(slices, slice =>
        {
            var others = dependencies[slice].Where(slices.Contains).ToList();
            return others.Count == 0 ? null : $"{slice} mentions {string.Join(", ", others)}";
        });
    }

    [Fact]
    public void Every_request_has_exactly_one_handler() => Rule.Holds(Requests, request =>
    {
        var handlers = Handlers.Count(handler => handler.GetInterfaces().Any(contract =>
            contract.IsGenericType && contract.GetGenericTypeDefinition() == typeof(IRequestHandler<,>) && contract.GenericTypeArguments[0] == request));
        return handlers == 1 ? null : $"{request.FullName} has {handlers}";
    });

    [Fact]
    public void Every_request_that_carries_input_has_one_validator_in_its_slice() => Rule.Holds(
        Requests.Where(request => request.GetProperties(BindingFlags.Public | BindingFlags.Instance).Length > 0),
        request =>
        {
            var validators = Validators.Where(validator => typeof(IValidator<>).MakeGenericType(request).IsAssignableFrom(validator)).ToList();
            return validators.Count == 1 && Solution.OutermostName(validators[0]) == Solution.OutermostName(request) ? null : $"{request.FullName} has {validators.Count}";
        });

    [Fact]
    public void Handlers_and_validators_are_internal_and_sealed() => Rule.Holds(
        Handlers.Concat(Validators),
        type => type is { IsSealed: true, IsPublic: false, IsNestedPublic: false } ? null : type.FullName);

    [Fact]
    public void Modules_are_public_sealed_and_take_nothing() => Rule.Holds(
        Solution.WrittenTypes(Solution.Features).Concat(Solution.WrittenTypes(Solution.Voice)).Where(type => !type.IsAbstract && type.Is(typeof(ICarterModule))),
        module => module is { IsSealed: true } && (module.IsPublic || module.IsNestedPublic) && module.GetConstructors().All(constructor => constructor.GetParameters().Length == 0)
            ? null : module.FullName);

    [Fact]
    public void Requests_are_immutable_records() => Rule.Holds(Requests, request =>
    {
        var mutable = request.GetProperties().Where(property => property.SetMethod is { } setter
            && !setter.ReturnParameter.GetRequiredCustomModifiers().Any(modifier => modifier.Name == "IsExternalInit")).Select(property => property.Name).ToList();
        return request.GetMethod("<Clone>$") is not null && mutable.Count == 0 ? null : $"{request.FullName}: {string.Join(", ", mutable)}";
    });

    [Fact]
    public void Requests_answer_with_something() => Rule.Holds(Requests, request =>
        request.GetInterfaces().Any(contract => contract.IsGenericType && contract.GenericTypeArguments is [var answer] && answer == typeof(Unit)) ? request.FullName : null);

    [Fact]
    public void Handlers_do_not_send() => Rule.Holds(Handlers, handler =>
        handler.GetConstructors(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance)
            .SelectMany(constructor => constructor.GetParameters()).Any(parameter => parameter.ParameterType == typeof(IMediator)) ? handler.FullName : null);

    [Fact]
    public void Every_subscription_names_a_dead_letter_topic() => Rule.Holds(
        Solution.SourceFiles("src/Features").Where(source => source.Text.Contains("PubsubName = ", StringComparison.Ordinal)),
        source => DeadLetter().IsMatch(source.Text) ? null : source.Path);

    [Fact]
    public void Every_select_lists_its_columns() => Rule.Holds(
        Solution.SourceFiles("src/Features").Where(source => source.Text.Contains("select ", StringComparison.OrdinalIgnoreCase)),
        source => SelectStar().IsMatch(source.Text) ? source.Path : null);

    // Pooled connections are not reset between two requests. Migrations have their own, and end it.
    [Fact]
    public void Nothing_is_set_for_longer_than_a_transaction() => Rule.Holds(
        Solution.SourceFiles("src", "*.cs").Concat(Solution.SourceFiles("src", "*.sql"))
            .Where(source => StateOfSession().IsMatch(source.Text) && Path.GetFileName(source.Path) != "Migrations.cs"),
        source => StateOfSession().Matches(source.Text).All(use => use.Value.EndsWith("true)", StringComparison.Ordinal)) ? null : source.Path);

    [GeneratedRegex("DeadLetterTopic|Topics\\.CallsDead")]
    private static partial Regex DeadLetter();

    [GeneratedRegex(@"set_config\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)|\bset session\b|\bpg_(?:try_)?advisory_lock\b|\bcreate temp|\blisten [a-z_]+;", RegexOptions.IgnoreCase)]
    private static partial Regex StateOfSession();

    [GeneratedRegex(@"\bselect\s+\*", RegexOptions.IgnoreCase)]
    private static partial Regex SelectStar();
}
