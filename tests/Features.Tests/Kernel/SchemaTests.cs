using Dapper;
using Npgsql;

namespace KestrelVoice.Features.Tests.Kernel;

/// <summary>Asks the catalogue whether the walls between tenants stand.</summary>
public sealed class SchemaTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private const string TenantTables =
        """
        select c.oid::regclass::text
        from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
        where c.relkind in ('r', 'p') and c.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
        order by 1
        """;

    [Fact]
    public async Task Every_tenant_table_forces_row_level_security_with_the_tenant_policy()
    {
        var tables = await Rows(TenantTables);
        var walled = await Rows(
            """
            select c.oid::regclass::text
            from pg_class c
            join pg_policy p on p.polrelid = c.oid
            where c.relrowsecurity and c.relforcerowsecurity and p.polcmd = '*' and p.polpermissive
              and pg_get_expr(p.polqual, p.polrelid) = '(tenant_id = (NULLIF(current_setting(''app.tenant_id''::text, true), ''''::text))::uuid)'
            order by 1
            """);

        tables.ShouldContain("call_logs");
        tables.Except(walled).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_tenants_themselves_are_behind_the_same_wall() =>
        (await Rows("select relname::text from pg_class where relname = 'tenants' and relrowsecurity and relforcerowsecurity")).ShouldHaveSingleItem();

    [Fact]
    public async Task Other_policies_are_for_the_resolver_which_may_change_single_columns_at_most()
    {
        (await Rows(
            """
            select policyname || ' on ' || tablename
            from pg_policies
            where policyname <> 'tenant_isolation' and not (cmd in ('SELECT', 'UPDATE') and roles = '{kestrel_resolver}') and permissive = 'PERMISSIVE'
            """)).ShouldBe(["opens_its_sandbox on tenants"], "the one thing that the app may add outside of the tenant in which it is");
        (await Rows(
            """
            select oid::regclass::text
            from pg_class
            where relkind in ('r', 'p') and relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
              and has_table_privilege('kestrel_resolver', oid, 'insert, update, delete, truncate')
            """)).ShouldBeEmpty();
    }

    [Fact]
    public async Task References_between_tenant_tables_carry_the_tenant()
    {
        var loose = await Rows(
            $"""
            with tenant_tables as ({TenantTables})
            select conrelid::regclass::text || '.' || conname
            from pg_constraint
            where contype = 'f'
              and conrelid::regclass::text in (select * from tenant_tables)
              and confrelid::regclass::text in (select * from tenant_tables)
              and not exists (
                  select from unnest(conkey, confkey) as pair (own, theirs)
                  join pg_attribute own on own.attrelid = conrelid and own.attnum = pair.own and own.attname = 'tenant_id'
                  join pg_attribute theirs on theirs.attrelid = confrelid and theirs.attnum = pair.theirs and theirs.attname = 'tenant_id')
            """);

        loose.ShouldBeEmpty();
        (await Rows("select conname::text from pg_constraint where contype = 'f' and conrelid = 'call_events'::regclass and array_length(conkey, 1) = 2"))
            .ShouldNotBeEmpty();
    }

    [Fact]
    public async Task Unique_keys_of_tenant_tables_carry_the_tenant()
    {
        var global = await Rows(
            $"""
            with tenant_tables as ({TenantTables})
            select c.conrelid::regclass::text || '.' || c.conname
            from pg_constraint c
            where c.contype in ('u', 'p') and c.conrelid::regclass::text in (select * from tenant_tables)
              and not exists (
                  select from pg_attribute a where a.attrelid = c.conrelid and a.attnum = any (c.conkey) and a.attname = 'tenant_id')
            """);

        // Numbers ring at one tenant, and a key is looked up before its tenant is known.
        global.Except(["phone_numbers.phone_numbers_number_key", "api_keys.api_keys_lookup_id_key"]).ShouldBeEmpty();
    }

    [Fact]
    public async Task Views_show_what_their_reader_may_see() =>
        (await Rows(
            """
            select oid::regclass::text
            from pg_class
            where relkind in ('v', 'm') and relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
              and not coalesce(reloptions @> array['security_invoker=true'], false)
            """)).ShouldBeEmpty();

    [Fact]
    public async Task The_app_neither_owns_nor_bypasses_anything()
    {
        var login = new NpgsqlConnectionStringBuilder(app.Database.App).Username!;
        (await Rows($"select rolname::text from pg_roles where rolname in ('{login}', 'kestrel_app', 'kestrel_resolver')")).Count.ShouldBe(3);

        (await Rows(
            $"""
            select rolname::text from pg_roles
            where rolname in ('{login}', 'kestrel_app', 'kestrel_resolver') and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)
            """)).ShouldBeEmpty();
        (await Rows($"select relname::text from pg_class where pg_get_userbyid(relowner) in ('{login}', 'kestrel_app', 'kestrel_resolver')")).ShouldBeEmpty();
        (await Rows($"select proname::text from pg_proc where pg_get_userbyid(proowner) in ('{login}', 'kestrel_app')")).ShouldBeEmpty();
        (await Rows(
            $"select rolname::text from pg_roles where pg_has_role('{login}', oid, 'member') and rolname not in ('{login}', 'kestrel_app')")).ShouldBeEmpty();
        (await Rows("select 'creates' where has_schema_privilege('kestrel_app', 'public', 'create') or has_schema_privilege('kestrel_resolver', 'public', 'create')"))
            .ShouldBeEmpty();
    }

    [Fact]
    public async Task Functions_that_see_past_the_wall_run_as_the_resolver_on_a_fixed_search_path()
    {
        (await Rows("select proname::text from pg_proc where prosecdef and proname = 'tenant_of_number'")).ShouldHaveSingleItem();
        (await Rows(
            """
            select oid::regprocedure::text
            from pg_proc
            where prosecdef
              and (pg_get_userbyid(proowner) <> 'kestrel_resolver'
                   or not coalesce(array_to_string(proconfig, ' ') like '%search_path=%', false)
                   or has_function_privilege('public', oid, 'execute'))
            """)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Nobody_but_the_owner_may_execute_what_was_not_granted() =>
        (await Rows(
            """
            select p.oid::regprocedure::text
            from pg_proc p
            where p.pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
              and exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) acl where acl.grantee = 0)
            """)).ShouldBeEmpty();

    [Fact]
    public async Task The_app_cannot_read_the_dead_letters() =>
        (await Rows("select 'reads' where has_table_privilege('kestrel_app', 'dead_letters', 'select, update, delete')")).ShouldBeEmpty();

    private async Task<IReadOnlyList<string>> Rows(string sql)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        return [.. await connection.QueryAsync<string>(sql)];
    }
}
