import { classNumber } from '../../delivery/event-class.ts';
import type { AuditEvent } from '../audit-event.ts';
import { FIRST_FAILURE, type HttpAccess } from '../file-input/http-access.ts';
import type { Statement } from '../protocols/activity.ts';
import type { StatementClass } from '../sql/analysis.ts';

const READ = classNumber('read');
const MISC = classNumber('misc');
const WRITE = classNumber('write');
const LOGIN = classNumber('login');
const DDL = classNumber('ddl');
const ERROR = classNumber('error');
const GAP = classNumber('gap');

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

const OF_SQL: Readonly<Record<StatementClass, number>> = {
  READ,
  MISC,
  WRITE,
  // A function may write.
  FUNCTION: WRITE,
  DDL,
  ROLE: DDL,
};

/** Commands that Redis itself flags `readonly`. https://redis.io/docs/latest/commands/command/ */
const REDIS_READS =
  'BITCOUNT BITFIELD_RO BITPOS DBSIZE DUMP EVALSHA_RO EVAL_RO EXISTS EXPIRETIME FCALL_RO GEODIST GEOHASH GEOPOS GEORADIUSBYMEMBER_RO GEORADIUS_RO GEOSEARCH GET GETBIT GETRANGE HEXISTS HGET HGETALL HKEYS HLEN HMGET HRANDFIELD HSCAN HSTRLEN HVALS KEYS LCS LINDEX LLEN LPOS LRANGE MGET PEXPIRETIME PFCOUNT PTTL RANDOMKEY SCAN SCARD SDIFF SINTER SINTERCARD SISMEMBER SMEMBERS SMISMEMBER SORT_RO SRANDMEMBER SSCAN STRLEN SUBSTR SUNION TOUCH TTL TYPE XLEN XPENDING XRANGE XREAD XREVRANGE ZCARD ZCOUNT ZDIFF ZINTER ZINTERCARD ZLEXCOUNT ZMSCORE ZRANDMEMBER ZRANGE ZRANGEBYLEX ZRANGEBYSCORE ZRANK ZREVRANGE ZREVRANGEBYLEX ZREVRANGEBYSCORE ZREVRANK ZSCAN ZSCORE ZUNION';
/** Neither data nor rights: the connection's own, questions about the server, subscriptions. */
const REDIS_MISC =
  'ASKING CLIENT COMMAND DISCARD ECHO EXEC HELLO INFO LASTSAVE LATENCY LOLWUT MEMORY MULTI OBJECT PING PSUBSCRIBE PUBSUB PUNSUBSCRIBE QUIT READONLY READWRITE RESET ROLE SELECT SLOWLOG SSUBSCRIBE SUBSCRIBE SUNSUBSCRIBE TIME UNSUBSCRIBE UNWATCH WAIT WATCH XINFO';
/** What changes the server, its rights or its code, and what copies or empties all of it. */
const REDIS_ADMINISTRATION =
  'ACL BGREWRITEAOF BGSAVE CLUSTER CONFIG DEBUG FAILOVER FLUSHALL FLUSHDB FUNCTION MODULE MONITOR PSYNC REPLCONF REPLICAOF SAVE SCRIPT SHUTDOWN SLAVEOF SYNC';

const OF_REDIS: ReadonlyMap<string, number> = new Map([
  ...classed(REDIS_READS, READ),
  ...classed(REDIS_MISC, MISC),
  ...classed(REDIS_ADMINISTRATION, DDL),
]);

function classed(commands: string, number: number): (readonly [string, number])[] {
  return commands.split(' ').map((command) => [command, number] as const);
}

/** By what a full queue decides which event goes first. A number of `delivery/event-class.ts`. */
export function deliveryClassOf({ activity, analysis }: AuditEvent): number {
  switch (activity.kind) {
    case 'statement':
      if (activity.outcome.kind === 'failed') return ERROR;
      return analysis === undefined ? ofCommand(activity) : OF_SQL[analysis.statementClass];
    case 'login':
    case 'session-end':
    case 'session-midstream':
      return LOGIN;
    case 'still-running':
      return MISC;
    case 'blind':
      return ERROR;
    case 'http-access':
      return ofRequest(activity);
    // About the whole agent: few, and what makes every other loss known.
    case 'capture-gap':
    case 'agent':
      return GAP;
  }
}

/** Methods that RFC 9110 calls safe read. https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1 */
function ofRequest({ method, status }: HttpAccess): number {
  if (status === undefined || status >= FIRST_FAILURE) return ERROR;
  return SAFE_METHODS.has(method) ? READ : WRITE;
}

/** What is not known to be harmless counts as a write. */
function ofCommand({ language, operation }: Statement): number {
  if (language === 'none') return MISC;
  if (language === 'sql' || operation === undefined) return WRITE;
  const space = operation.indexOf(' ');
  return OF_REDIS.get(space < 0 ? operation : operation.slice(0, space)) ?? WRITE;
}
