/**
 * What is known of commands by name. The table only enriches: a command that is not in it is reported like any other,
 * and nothing here tells requests from answers.
 * https://redis.io/docs/latest/commands/ and https://valkey.io/commands/
 */
import type { SecretRule } from './secrets.ts';

/** What a command does to the session, beside what it does to the data. */
type Effect =
  | 'auth'
  | 'hello'
  | 'select'
  | 'multi'
  | 'exec'
  | 'discard'
  | 'subscribe'
  | 'unsubscribe'
  | 'monitor'
  | 'sync'
  | 'replconf'
  | 'client'
  | 'info'
  | 'reset'
  | 'quit';

/** Where the keys stand: from `first` to `last` (negative: from the end) every `step`; or by a rule of its own. */
export type KeyPlaces =
  | { readonly first: number; readonly last: number; readonly step: number }
  | { readonly countAt: number; readonly alsoAt: number }
  | 'streams'
  | 'migrate';

export interface Command {
  /** In upper case. */
  readonly name: string;
  /** It is in the table. */
  readonly known: boolean;
  readonly keys: KeyPlaces | undefined;
  /** The second word says what is done: `CONFIG SET`. */
  readonly container: boolean;
  readonly secrets: SecretRule | undefined;
  readonly effect: Effect | undefined;
  /** Waits for something to happen, for as long as the client asked. */
  readonly waits: boolean;
}

const FIRST_KEY: readonly string[] = [
  'APPEND BITCOUNT BITFIELD BITFIELD_RO BITPOS DECR DECRBY DELIFEQ DUMP EXPIRE EXPIREAT EXPIRETIME GEOADD GEODIST',
  'GEOHASH GEOPOS GEORADIUS GEORADIUSBYMEMBER GEORADIUSBYMEMBER_RO GEORADIUS_RO GEOSEARCH GET GETBIT GETDEL GETEX',
  'GETRANGE GETSET HDEL HEXISTS HEXPIRE HEXPIREAT HEXPIRETIME HGET HGETALL HGETDEL HGETEX HINCRBY HINCRBYFLOAT HKEYS',
  'HLEN HMGET HMSET HPERSIST HPEXPIRE HPEXPIREAT HPEXPIRETIME HPTTL HRANDFIELD HSCAN HSET HSETEX HSETNX HSTRLEN HTTL',
  'HVALS INCR INCRBY INCRBYFLOAT LINDEX LINSERT LLEN LPOP LPOS LPUSH LPUSHX LRANGE LREM LSET LTRIM MOVE PERSIST',
  'PEXPIRE PEXPIREAT PEXPIRETIME PFADD PSETEX PTTL RESTORE RPOP RPUSH RPUSHX SADD SCARD SET SETBIT SETEX SETNX',
  'SETRANGE SISMEMBER SMEMBERS SMISMEMBER SORT SORT_RO SPOP SRANDMEMBER SREM SSCAN STRLEN SUBSTR TTL TYPE XACK XADD',
  'XACKDEL XAUTOCLAIM XCLAIM XDEL XDELEX XLEN XPENDING XRANGE XREVRANGE XSETID XTRIM ZADD ZCARD ZCOUNT ZINCRBY',
  'ZLEXCOUNT ZMSCORE ZPOPMAX ZPOPMIN ZRANDMEMBER ZRANGE ZRANGEBYLEX ZRANGEBYSCORE ZRANK ZREM ZREMRANGEBYLEX',
  'ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREVRANGE ZREVRANGEBYLEX ZREVRANGEBYSCORE ZREVRANK ZSCAN ZSCORE',
];
const FIRST_TWO_KEYS = 'BLMOVE BRPOPLPUSH COPY GEOSEARCHSTORE LCS LMOVE RENAME RENAMENX RPOPLPUSH SMOVE ZRANGESTORE';
const ALL_KEYS =
  'DEL EXISTS MGET PFCOUNT PFMERGE SDIFF SDIFFSTORE SINTER SINTERSTORE SUNION SUNIONSTORE TOUCH UNLINK WATCH';
const ALL_BUT_LAST_KEYS = 'BLPOP BRPOP BZPOPMAX BZPOPMIN';
const EVERY_OTHER_KEY = 'MSET MSETNX';
const CONTAINERS =
  'ACL CLIENT CLUSTER COMMAND CONFIG DEBUG FUNCTION LATENCY MEMORY MODULE OBJECT PUBSUB SCRIPT SENTINEL SLOWLOG XGROUP XINFO';
const WAITING =
  'BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN WAIT WAITAOF XREAD XREADGROUP MONITOR SUBSCRIBE PSUBSCRIBE SSUBSCRIBE SYNC PSYNC';

const KEYS_BY_COUNT: Readonly<Record<string, { readonly countAt: number; readonly alsoAt: number }>> = {
  EVAL: { countAt: 2, alsoAt: 0 },
  EVAL_RO: { countAt: 2, alsoAt: 0 },
  EVALSHA: { countAt: 2, alsoAt: 0 },
  EVALSHA_RO: { countAt: 2, alsoAt: 0 },
  FCALL: { countAt: 2, alsoAt: 0 },
  FCALL_RO: { countAt: 2, alsoAt: 0 },
  LMPOP: { countAt: 1, alsoAt: 0 },
  ZMPOP: { countAt: 1, alsoAt: 0 },
  BLMPOP: { countAt: 2, alsoAt: 0 },
  BZMPOP: { countAt: 2, alsoAt: 0 },
  MSETEX: { countAt: 1, alsoAt: 0 },
  SINTERCARD: { countAt: 1, alsoAt: 0 },
  ZDIFF: { countAt: 1, alsoAt: 0 },
  ZINTER: { countAt: 1, alsoAt: 0 },
  ZINTERCARD: { countAt: 1, alsoAt: 0 },
  ZUNION: { countAt: 1, alsoAt: 0 },
  ZDIFFSTORE: { countAt: 2, alsoAt: 1 },
  ZINTERSTORE: { countAt: 2, alsoAt: 1 },
  ZUNIONSTORE: { countAt: 2, alsoAt: 1 },
};

const EFFECTS: Readonly<Record<Effect, string>> = {
  auth: 'AUTH',
  hello: 'HELLO',
  select: 'SELECT',
  multi: 'MULTI',
  exec: 'EXEC',
  discard: 'DISCARD',
  subscribe: 'SUBSCRIBE PSUBSCRIBE SSUBSCRIBE',
  unsubscribe: 'UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE',
  monitor: 'MONITOR',
  sync: 'SYNC PSYNC',
  replconf: 'REPLCONF',
  client: 'CLIENT',
  info: 'INFO',
  reset: 'RESET',
  quit: 'QUIT',
};

const SECRETS: Readonly<Record<string, SecretRule>> = {
  AUTH: 'auth',
  HELLO: 'hello',
  ACL: 'acl',
  CONFIG: 'config',
  MIGRATE: 'migrate',
  SENTINEL: 'sentinel',
};

const OTHERS =
  'ASKING DBSIZE ECHO FLUSHALL FLUSHDB KEYS LASTSAVE PING PUBLISH RANDOMKEY ROLE SAVE SCAN SPUBLISH TIME UNWATCH';

/** Modules write `JSON.SET`; no name known is half as long. */
const COMMAND_NAME = /^[A-Za-z_][A-Za-z0-9_.|-]{0,63}$/;

const byName = buildTable();

/** What is known of the command that the client calls `name`; a command never heard of has a name only. */
export function commandNamed(name: string): Command {
  return byName.get(name) ?? byName.get(name.toUpperCase()) ?? plainCommand(name.toUpperCase());
}

/** Whether it can be a command's name. */
export function isCommandName(name: string): boolean {
  return COMMAND_NAME.test(name);
}

/** Whether Redis is known to have it, for telling a line of text from an inline command. */
export function isKnownCommand(name: string): boolean {
  return byName.has(name.toUpperCase());
}

function plainCommand(name: string): Command {
  return { name, known: false, keys: undefined, container: false, secrets: undefined, effect: undefined, waits: false };
}

/** Under upper and lower case, the two ways in which clients write names. */
function buildTable(): ReadonlyMap<string, Command> {
  const table = new Map<string, Command>();
  const change = (names: string, changes: Partial<Command>): void => {
    for (const name of names.split(' ')) {
      const command = { ...(table.get(name) ?? plainCommand(name)), known: true, ...changes };
      table.set(name, command).set(name.toLowerCase(), command);
    }
  };
  for (const names of FIRST_KEY) change(names, { keys: { first: 1, last: 1, step: 1 } });
  change(FIRST_TWO_KEYS, { keys: { first: 1, last: 2, step: 1 } });
  change(ALL_KEYS, { keys: { first: 1, last: -1, step: 1 } });
  change(ALL_BUT_LAST_KEYS, { keys: { first: 1, last: -2, step: 1 } });
  change(EVERY_OTHER_KEY, { keys: { first: 1, last: -1, step: 2 } });
  change('BITOP', { keys: { first: 2, last: -1, step: 1 } });
  change('MEMORY OBJECT XGROUP XINFO', { keys: { first: 2, last: 2, step: 1 } });
  change('XREAD XREADGROUP', { keys: 'streams' });
  change('MIGRATE', { keys: 'migrate' });
  for (const [name, keys] of Object.entries(KEYS_BY_COUNT)) change(name, { keys });
  change(CONTAINERS, { container: true });
  change(WAITING, { waits: true });
  for (const [effect, names] of Object.entries(EFFECTS)) change(names, { effect: effect as Effect });
  for (const [name, secrets] of Object.entries(SECRETS)) change(name, { secrets });
  change(OTHERS, {});
  return table;
}
