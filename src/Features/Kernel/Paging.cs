using System.ComponentModel;
using System.Globalization;
using System.Text.Json;
using FluentValidation;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace KestrelVoice.Features.Kernel;

/// <summary>A query for a part of a list. Numbers come as text, so that a bad one is refused in the documented body.</summary>
internal interface IPagedQuery
{
    string? Limit { get; }

    string? Offset { get; }

    string? Cursor { get; }
}

/// <summary>What every list says about itself.</summary>
public sealed record Pagination(
    [property: Description("All that match, whatever the page.")] long Total,
    int Limit,
    [property: Description("Null on a page that was reached by cursor.")] int? Offset,
    [property: Description("Null on the last page.")] string? NextCursor)
{
    /// <summary>As a member of the object that is being written.</summary>
    internal void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject("pagination");
        json.WriteNumber("total", Total);
        json.WriteNumber("limit", Limit);
        if (Offset is { } offset)
            json.WriteNumber("offset", offset);
        else
            json.WriteNull("offset");
        json.WriteString("next_cursor", NextCursor);
        json.WriteEndObject();
    }
}

/// <summary>The part of a list that is asked for.</summary>
internal readonly record struct Paging(int Limit, int Offset, ListPosition After, bool ByCursor)
{
    public const int DefaultLimit = 20;
    public const int LargestLimit = 100;

    /// <summary>Where every row that is skipped is read first.</summary>
    public const int LargestWalk = 10_000;

    /// <summary>One more than asked for tells whether there is a next page.</summary>
    public int Rows => Limit + 1;

    /// <summary>Reads what <see cref="PagingRules"/> has let through.</summary>
    public static Paging Of(IPagedQuery query) => new(
        query.Limit is null ? DefaultLimit : int.Parse(query.Limit, CultureInfo.InvariantCulture),
        query.Offset is null ? 0 : int.Parse(query.Offset, CultureInfo.InvariantCulture),
        ListPosition.Parse(query.Cursor),
        query.Cursor is not null);

    /// <summary>The last one on this page, when the rows tell that there are more.</summary>
    public ListPosition? LastOf<T>(IReadOnlyList<T> rows, Func<T, ListPosition> position) =>
        rows.Count > Limit ? position(rows[Limit - 1]) : null;

    /// <param name="total">All that match.</param>
    /// <param name="last">The last one on this page, when there are more.</param>
    public Pagination Shown(long total, ListPosition? last) => new(total, Limit, ByCursor ? null : Offset, last?.ToString());

    /// <summary>Describes an operation that takes no other numbers than those of its page.</summary>
    public static Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? [])
            parameter.Schema = SchemaOf(parameter.Name) ?? parameter.Schema;
        return Task.CompletedTask;
    }

    /// <summary>Describes the parameters as the numbers that they are.</summary>
    /// <param name="parameter">Its name.</param>
    /// <param name="largestOffset">What the list lets through.</param>
    public static IOpenApiSchema? SchemaOf(string? parameter, int largestOffset = LargestWalk) => parameter switch
    {
        "limit" => new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1", Maximum = $"{LargestLimit}", Default = DefaultLimit },
        "offset" => new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "0", Maximum = $"{largestOffset}", Default = 0 },
        _ => null,
    };

    public static bool TryCount(string text, int least, int most, out int count) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count >= least && count <= most;
}

internal static class PagingRules
{
    /// <param name="validator">Of the query.</param>
    /// <param name="largestOffset">More for a list that need not walk over what it skips.</param>
    public static void RulePage<T>(this AbstractValidator<T> validator, int largestOffset = Paging.LargestWalk)
        where T : IPagedQuery
    {
        validator.RuleFor(query => query.Limit)
            .Must(limit => limit is null || Paging.TryCount(limit, 1, Paging.LargestLimit, out _))
            .WithMessage($"limit is a whole number from 1 to {Paging.LargestLimit}.");
        validator.RuleFor(query => query.Offset)
            .Must(offset => offset is null || Paging.TryCount(offset, 0, largestOffset, out _))
            .WithMessage($"offset is a whole number from 0 to {largestOffset}; go deeper with cursor.");
        validator.RuleFor(query => query.Cursor).Must((query, cursor) => cursor is null || query.Offset is null)
            .WithMessage("cursor and offset exclude each other.");
        validator.RuleFor(query => query.Cursor).Must(cursor => ListPosition.TryParse(cursor, out _))
            .WithMessage("cursor is not one that this list gave out.");
    }
}
