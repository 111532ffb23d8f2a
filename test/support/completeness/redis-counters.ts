import { connect } from 'node:net';
import type { ServerLedger } from '../servers/running-server.ts';
import { readSlowLog } from './redis-slow-log.ts';

/** Totals since the server started. https://redis.io/docs/latest/commands/info/ */
interface Counts {
  /** By command in upper case, subcommands under their command, refused ones included. */
  readonly commands: ReadonlyMap<string, number>;
  /** Of AUTH and HELLO: those that were let in, and those that were not. */
  readonly admitted: number;
  readonly refused: number;
}

/** What the server does not know has no line of its own: only its error is counted. */
export const UNKNOWN_COMMAND = '(unknown command)';

/** They are logins; whether they are commands too is a matter of taste. */
export const LOGIN_COMMANDS: ReadonlySet<string> = new Set(['AUTH', 'HELLO']);

const COMMAND = /^cmdstat_([^:|]+)[^:]*:calls=(\d+),.*rejected_calls=(\d+),failed_calls=(\d+)/;
const ERRORS = /^errorstat_[^:]+:count=(\d+)/;

function countsOf(info: string): Counts {
  const commands = new Map<string, number>();
  let admitted = 0;
  let refused = 0;
  let unexplainedErrors = 0;
  for (const line of info.split('\r\n')) {
    unexplainedErrors += Number(ERRORS.exec(line)?.[1] ?? 0);
    const command = COMMAND.exec(line);
    if (command === null) continue;
    const name = (command[1] ?? '').toUpperCase();
    const [calls = 0, rejected = 0, failed = 0] = command.slice(2).map(Number);
    unexplainedErrors -= rejected + failed;
    if (LOGIN_COMMANDS.has(name)) {
      admitted += calls - failed;
      refused += rejected + failed;
    } else commands.set(name, (commands.get(name) ?? 0) + calls + rejected);
  }
  commands.set(UNKNOWN_COMMAND, unexplainedErrors);
  return { commands, admitted, refused };
}

/** Sends one command by itself: a client library would add commands of its own to the counters. */
export function askRedis(socketPath: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: socketPath });
    let answer = '';
    socket.setEncoding('utf8');
    socket.once('connect', () => socket.write(`${command}\r\n`));
    socket.once('error', reject);
    socket.on('data', (piece: string) => {
      answer += piece;
      if (!answer.startsWith('$')) {
        if (!answer.endsWith('\r\n')) return;
      } else if (!answer.endsWith('\r\n') || Buffer.byteLength(answer) < bulkLength(answer)) return;
      socket.destroy();
      if (answer.startsWith('-')) reject(new Error(answer.trim()));
      else resolve(answer);
    });
  });
}

/** Bytes of a whole bulk string: its header, its body and the line end. */
function bulkLength(answer: string): number {
  const header = answer.indexOf('\r\n');
  if (header < 0) return Number.POSITIVE_INFINITY;
  return header + 2 + Number(answer.slice(1, header)) + 2;
}

/** Everything, so that one command (which counts itself) is all we add. */
const ASK = 'INFO everything';

/** A server's counters and slow log between two moments. */
export class RedisCounters {
  readonly #socketPath: string;
  #opened: Counts | undefined;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  async open(): Promise<void> {
    await askRedis(this.#socketPath, 'SLOWLOG RESET');
    this.#opened = countsOf(await askRedis(this.#socketPath, ASK));
  }

  /** As many entries as the counters say, and the text of each that the slow log has; the others by name. */
  async read(): Promise<ServerLedger> {
    const opened = this.#opened;
    if (opened === undefined) throw new Error('the ledger was not opened');
    const now = countsOf(await askRedis(this.#socketPath, ASK));
    const keys = await readSlowLog(this.#socketPath);
    const left = new Map<string, number>();
    for (const [name, total] of now.commands) {
      const own = name === 'INFO' ? 1 : 0; // our opening INFO, which counts itself after it has answered
      left.set(name, total - (opened.commands.get(name) ?? 0) - own);
    }
    const statements = keys.filter((key) => !LOGIN_COMMANDS.has(commandOf(key)));
    for (const key of statements) left.set(commandOf(key), (left.get(commandOf(key)) ?? 0) - 1);
    return {
      statements: statements.concat(...[...left].map(([name, count]) => repeated(name, count))),
      logins: [...repeated('ok', now.admitted - opened.admitted), ...repeated('failed', now.refused - opened.refused)],
    };
  }
}

function commandOf(key: string): string {
  return key.split(' ', 1)[0] ?? '';
}

function repeated(entry: string, count: number): string[] {
  if (count < 0) throw new Error(`the slow log has ${-count} ${entry} more than the counters`);
  return Array<string>(count).fill(entry);
}
