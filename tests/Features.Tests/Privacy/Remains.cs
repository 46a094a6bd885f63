using Dapper;

namespace KestrelVoice.Features.Tests.Privacy;

/// <summary>Looks for words in everything that the database holds, also in tables that nobody thought of.</summary>
internal static class Remains
{
    private const string Columns =
        """
        select c.oid::regclass::text as place, quote_ident(a.attname) as name, a.atttypid = 'bytea'::regtype as is_bytes
        from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relkind in ('r', 'p') and c.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
        order by 1, 2
        """;

    private sealed record Column(string Place, string Name, bool IsBytes)
    {
        private string Text => IsBytes ? $"encode({Name}, 'escape')" : $"{Name}::text";

        public string Holds => $"exists (select from {Place} cross join unnest(@Words) as word where strpos({Text}, word) > 0)";
    }

    /// <summary>Columns in which one of the words is found.</summary>
    public static async Task<IReadOnlyList<string>> PlacesThatHold(this KestrelVoiceApp app, params string[] words)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        var columns = (await connection.QueryAsync<Column>(Columns)).AsList();
        var found = await connection.QueryAsync<string>(
            string.Join("\nunion all\n", columns.Select(column => $"select '{column.Place}.{column.Name}' where {column.Holds}")), new { Words = words });
        return [.. found];
    }
}
