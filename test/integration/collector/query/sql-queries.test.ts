import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sqlQueries } from '../../../../collector/store/duckdb/sql-queries.ts';
import type { SqlAnswer, SqlRequest } from '../../../../collector/store/event-store.ts';
import { EVERYTHING, type Filter } from '../../../../contract/filter.ts';
import { auditEvent } from '../../../support/audit-events.ts';
import { KeptEvents } from '../../../support/collector/kept-events.ts';

const SHOP: Filter = { kind: 'is', field: 'kubernetes.namespace', values: ['shop'] };

let kept: KeptEvents;
beforeAll(async () => {
  kept = await KeptEvents.open();
  await kept.add([
    auditEvent({
      sequence: 1,
      statement: { template: 'SELECT * FROM orders WHERE id = ?' },
      db: { query: { text: 'SELECT * FROM orders WHERE id = 4711', parameter: { 0: '4711', 1: null } } },
      rest: { error: { code: '1', message: 'bad value 4711' } },
    }),
    auditEvent({ sequence: 2, event: { duration: 9_000_000_000 } }),
    auditEvent({
      sequence: 3,
      db: { query: { text: 'SELECT secret' } },
      rest: { kubernetes: { namespace: 'payroll' } },
    }),
  ]);
});
afterAll(() => kept.close());

function ask(sql: string, changes: Partial<SqlRequest> = {}): Promise<SqlAnswer> {
  return sqlQueries(kept.database).query({
    sql,
    filter: EVERYTHING,
    literals: true,
    limit: 100,
    timeoutMillis: 20_000,
    ...changes,
  });
}

async function problem(sql: string, changes: Partial<SqlRequest> = {}): Promise<string> {
  try {
    const { rows } = await ask(sql, changes);
    return `answered: ${JSON.stringify(rows).slice(0, 200)}`;
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

describe('what people ask', () => {
  test.each([
    ['select count(*) from events', [[3]]],
    [
      'SELECT namespace, count(*) AS n FROM events GROUP BY ALL ORDER BY n DESC',
      [
        ['shop', 2],
        ['payroll', 1],
      ],
    ],
    [
      'with slow as (select * from events where duration_ns > 1e9), more as (select * from slow) select sequence from more',
      [[2]],
    ],
    [
      'select sequence from "EVENTS" e where exists (select 1 from events i where i.sequence = e.sequence + 1) order by 1 desc',
      [[2], [1]],
    ],
    ['select x from range(3) t(x)', [[0], [1], [2]]],
    [
      "select unnest(tables) as t, row_number() over (order by sequence) from events where statement ilike '%secret%' union all select 'x', 9 order by 1",
      [
        ['orders', 1],
        ['x', 9],
      ],
    ],
    ['from events select max(duration_ns)', [[9_000_000_000]]],
    ['values (1, true, null)', [[1, true, null]]],
    [
      'select 9007199254740993, 1.5, 123456789012345678901234567890::hugeint, [1, 2], {a: 1}',
      [['9007199254740993', 1.5, '123456789012345678901234567890', [1, 2], { a: 1 }]],
    ],
    ['select distinct time from events limit 1', [['2026-01-02T03:04:05.678901234Z']]],
    [
      "select date_trunc('minute', time) as minute, time_bucket(interval 5 minutes, time::timestamp) from events limit 1",
      [['2026-01-02T03:04:00.000000Z', '2026-01-02T03:00:00.000000Z']],
    ],
    [
      "select parameters->>'$.0', json_extract_string(parameters, '$.0') from events where sequence = 1",
      [['4711', '4711']],
    ],
    [
      "select 'it''s' as \"a \"\"b\"\"\", case when sequence > 1 then 'x' else 'y' end from events order by sequence limit 1",
      [["it's", 'y']],
    ],
    ["select list_filter(tables, lambda t: t = 'orders'), tables[1] from events limit 1", [[['orders'], 'orders']]],
    ['select * exclude (time) from (select time, sequence from events) order by sequence limit 1', [[1]]],
    ['-- a comment\nselect 1 /* and another */;', [[1]]],
  ])('%s', async (sql, rows) => {
    expect((await ask(sql)).rows).toEqual(rows);
  });

  test('columns have names and types', async () => {
    expect((await ask('select time, sequence, tables from events')).columns).toEqual([
      { name: 'time', type: 'TIMESTAMP_NS' },
      { name: 'sequence', type: 'BIGINT' },
      { name: 'tables', type: 'VARCHAR[]' },
    ]);
  });

  test('more rows than asked for are cut, and told', async () => {
    expect(await ask('select x from range(100000) t(x)', { limit: 2 })).toMatchObject({
      rows: [[0], [1]],
      truncated: true,
    });
    expect(await ask('select x from range(2) t(x)', { limit: 2 })).toMatchObject({
      rows: [[0], [1]],
      truncated: false,
    });
  });
});

describe('what is seen', () => {
  test('only what passes the filter', async () => {
    expect((await ask('select namespace from events', { filter: SHOP })).rows).toEqual([['shop'], ['shop']]);
    expect(
      (
        await ask(
          "with a as (select * from events) select (select count(*) from events where namespace = 'payroll'), count(*) from a",
          { filter: SHOP },
        )
      ).rows,
    ).toEqual([[0, 2]]);
  });

  test('no error tells about what does not pass', async () => {
    const sql =
      "select count(*) from events where case when statement like '%secret%' then cast(statement as integer) else 1 end = 1";
    expect(await problem(sql)).toBe(
      'QueryProblem: a value does not fit where it is used: try_cast gives NULL for those',
    );
    expect((await ask(sql, { filter: SHOP })).rows).toEqual([[2]]);
  });

  test('no literals without the right to', async () => {
    const { rows } = await ask('select statement, parameters, error_message from events where sequence = 1', {
      literals: false,
    });
    expect(rows).toEqual([['SELECT * FROM orders WHERE id = ?', '{"0":"?","1":"?"}', '']]);
    const all = await ask('select * from events', { literals: false });
    expect(JSON.stringify(all.rows)).not.toContain('4711');
    expect(JSON.stringify(all.rows)).not.toContain('secret');
    expect(
      (
        await ask("select count(*) from events where statement like '%4711%' or parameters like '%4711%'", {
          literals: false,
        })
      ).rows,
    ).toEqual([[0]]);
  });
});

/** Before DuckDB looks for what is named in it. */
const REFUSED =
  /^QueryProblem: .*(?:not allowed here|only a SELECT|only one statement|no SELECT|another meaning|syntax error)/;

describe('what is refused', () => {
  test.each([
    // Other relations, by whatever name.
    'select * from all_events',
    'select * from stored_events',
    'select * from store.recent',
    'select * from store.main.recent',
    'select * from "store"."main"."recent"',
    'select * from main.events',
    'select * from memory.main.events',
    'select * from temp.all_events',
    'select * from temp.main."all_events"',
    'select * from store.rollup',
    'select * from information_schema.tables',
    'select * from pg_catalog.pg_class',
    'select * from sqlite_master',
    'select * from duckdb_tables',
    'select * from duckdb_settings()',
    'select * from duckdb_secrets()',
    'select * from duckdb_views()',
    "select * from pragma_table_info('events')",
    'select * from pragma_database_list',
    'table all_events',
    'from all_events',
    'from store.recent select *',
    // WITH that lends its name to something outside.
    'with all_events as (select * from all_events) select * from all_events',
    'with a as (select * from all_events), all_events as (select 1) select * from a',
    'select * from all_events where 1 in (with all_events as (select 1) select * from all_events)',
    'select (with all_events as (select 1 as x) select x from all_events), (select count(*) from all_events)',
    'with events as (select 1) select * from events',
    'with x as (with events as (select 1) select * from events) select * from x',
    'with recursive t as (select 1 as x union all select x + 1 from t) select * from t',
    'with recursive all_events as (select * from all_events) select * from all_events',
    // Files and the network.
    "select * from 'file.parquet'",
    "select * from '/etc/passwd'",
    'select * from "events.duckdb"',
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/passwd')",
    "select * from read_blob('*')",
    "select * from read_parquet('partitions/*.parquet')",
    "select * from parquet_scan(['x'])",
    "select * from parquet_metadata('x')",
    "select * from glob('*')",
    "select * from read_json_auto('http://127.0.0.1/')",
    "select * from sniff_csv('/etc/passwd')",
    "select content from read_text((select '/etc/passwd'))",
    "select '/etc/passwd'.read_text()",
    // Names and queries in texts.
    "select * from query_table('all_events')",
    "select * from query('select * from all_events')",
    "select * from query_table(['all_events'])",
    "select json_execute_serialized_sql('{}')",
    "select * from json_execute_serialized_sql(json_serialize_sql('select * from all_events'))",
    "select json_serialize_sql('select 1')",
    // Settings, state, the server.
    "select getenv('HOME')",
    "select current_setting('temp_directory')",
    "select getvariable('x')",
    "select nextval('x')",
    'select * from duckdb_functions()',
    'select * from test_all_types()',
    "select system.main.getenv('HOME')",
    'select version()',
    "select error('x')",
    "select write_log('x')",
    'select txid_current()',
    // What is no SELECT.
    "copy events to '/tmp/x'",
    "copy (select 1) to '/tmp/x'",
    "attach '/tmp/x.db'",
    'detach store',
    'use store',
    'install httpfs',
    'load httpfs',
    'set threads = 1',
    'reset threads',
    'pragma database_list',
    'call duckdb_settings()',
    'create table x as select 1',
    'create macro f(x) as x',
    'create temp view events as select 1',
    'insert into store.recent select 1',
    'update store.recent set sequence = 1',
    'delete from store.recent',
    'drop view events',
    'drop table store.recent',
    "export database '/tmp/x'",
    'checkpoint',
    'vacuum',
    'begin',
    'commit',
    'explain select 1',
    'explain analyze select 1',
    'describe events',
    'summarize events',
    'show tables',
    'show all tables',
    'select * from (describe events)',
    'select * from (show tables)',
    'prepare x as select 1',
    'execute x',
    'pivot events on namespace using count(*)',
    'select * from (pivot store.recent on namespace using count(*))',
    'select 1; drop table store.recent',
    'select 1; select 2',
    "select 1;; attach 'x'",
    '',
    ';',
    '-- nothing',
    // What is not ours to fill in, or makes much of little.
    'select ?',
    'select $1',
    'select $x',
    'select list_filter([1], lambda a: len(list_filter([1], lambda b: true)) > 0)',
    'select list_transform([1], lambda a: [1, 2])',
    "select replace(replace('x', 'x', 'xxxxxxxxxx'), 'x', 'xxxxxxxxxx')",
    Array.from({ length: 9 }).reduce<string>((inner) => `select s || s from (${inner}) t(s)`, "select 'x'"),
    "select repeat('x', 1000000000)",
    "select lpad('x', 1000000000, 'y')",
    'select range(1000000000)',
    'select generate_series(1, 1000000000)',
    // Places where a relation hides.
    'select * from events positional join all_events',
    'select * from events, lateral (select * from all_events)',
    'select * from events semi join all_events using (id)',
    'select * from events asof join all_events using (time)',
    'select (select max(id) from all_events)',
    'select 1 union select id from all_events',
    'select 1 where exists (from all_events)',
    'select count(*) filter (where id in (select id from all_events)) from events',
    'select 1 order by (select max(id) from all_events)',
    'select 1 limit (select count(*) from all_events)',
    'select 1 from events group by (select max(id) from all_events)',
    'select 1 from events having (select true from all_events)',
    'select 1 from events qualify row_number() over (order by (select max(id) from all_events)) = 1',
    'select distinct on ((select max(id) from all_events)) 1 from events',
    'select list_transform([1], lambda x: (select max(id) from all_events))',
    'select case when (select true from all_events) then 1 end',
    'select * replace ((select max(id) from all_events) as id) from events',
    'values ((select max(id) from all_events))',
    'select * from unnest((select list(id) from all_events))',
    'select * from events at (version => 1)',
    "select 'x' collate nocase",
  ])('%s', async (sql) => {
    expect(await problem(sql, { filter: SHOP, literals: false })).toMatch(REFUSED);
  });

  test('the problem is told in words, with the place', async () => {
    expect(await problem('select *\n  from all_events')).toBe(
      'QueryProblem: line 2, column 8: the table all_events is not allowed here: only events can be read',
    );
    expect(await problem("select getenv('HOME')")).toBe(
      'QueryProblem: line 1, column 8: the function getenv is not allowed here',
    );
    expect(await problem('selec 1')).toBe('QueryProblem: line 1, column 1: syntax error at or near "selec"');
    expect(await problem('drop table x')).toBe('QueryProblem: only a SELECT can be asked');
    expect(await problem('select nosuch from events')).toMatch(/^QueryProblem: Referenced column "nosuch" not found/);
  });
});

describe('limits', () => {
  test('of time', async () => {
    expect(
      await problem('select count(*) from range(1000000000000) a(x), range(1000) b(y) where x % 7 = y', {
        timeoutMillis: 300,
      }),
    ).toMatch(/^QueryTooLarge: .* 0.3 s/);
    expect((await ask('select 1')).rows).toEqual([[1]]);
  });

  test('of memory', async () => {
    expect(
      await problem(
        'select count(*) from (select list(x) as l from range(100000000) t(x) group by x % 3) where len(l) > 5',
      ),
    ).toMatch(/^QueryTooLarge: /);
    expect((await ask('select 1')).rows).toEqual([[1]]);
  });

  test('whoever asked can leave', async () => {
    const leaving = new AbortController();
    const answer = sqlQueries(kept.database).query(
      {
        sql: 'select count(*) from range(1000000000000) a(x), range(1000) b(y) where x % 7 = y',
        filter: EVERYTHING,
        literals: true,
        limit: 1,
        timeoutMillis: 60_000,
      },
      leaving.signal,
    );
    setTimeout(() => leaving.abort(new Error('gone')), 100);
    await expect(answer).rejects.toThrow('gone');
  });
});
