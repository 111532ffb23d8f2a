import type { Activity, Login, Statement } from '../../agent/protocols/activity.ts';
import type { DecoderLimits } from '../../agent/protocols/protocol.ts';
import { redis } from '../../agent/protocols/redis/index.ts';
import { SessionFacts } from '../../agent/protocols/session-facts.ts';
import type { Side } from '../../agent/tcp/byte-stream.ts';
import { BYTE_BY_BYTE, randomly, type Split, WHOLE } from './splits.ts';

/** A side speaks, bytes of it are lost, or time passes (a tick comes at its end). */
export type Turn =
  | { readonly from: Side; readonly bytes: Buffer }
  | { readonly from: Side; readonly lost: number }
  | { readonly waitNanos: number };

/** One command in RESP. */
export function command(...args: readonly (string | Buffer)[]): Buffer {
  const parts = args.flatMap((arg) => {
    const bytes = Buffer.from(arg);
    return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')];
  });
  return Buffer.concat([Buffer.from(`*${args.length}\r\n`), ...parts]);
}

/** A command whose words are separated by spaces: `call('SET k v')`. */
export function call(...lines: readonly string[]): Turn {
  return { from: 'client', bytes: Buffer.concat(lines.map((line) => command(...line.split(' ')))) };
}

export function client(...parts: readonly (string | Buffer)[]): Turn {
  return { from: 'client', bytes: Buffer.concat(parts.map((part) => Buffer.from(part))) };
}

/** Answers; each part ends with CR LF, which is added to those that are text. */
export function server(...parts: readonly (string | Buffer)[]): Turn {
  const bytes = parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\r\n`) : part));
  return { from: 'server', bytes: Buffer.concat(bytes) };
}

export function bulk(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')]);
}

/** An aggregate of bulk strings and ready-made values: `aggregate('>', 'message', 'a', 'b')`. */
export function aggregate(type: string, ...elements: readonly (string | Buffer)[]): Buffer {
  const count = type === '%' || type === '|' ? elements.length / 2 : elements.length;
  const parts = elements.map((element) => (typeof element === 'string' ? bulk(element) : element));
  return Buffer.concat([Buffer.from(`${type}${count}\r\n`), ...parts]);
}

/** A value that is one line. */
export function line(text: string): Buffer {
  return Buffer.from(`${text}\r\n`);
}

export interface HearingOptions {
  readonly split?: Split;
  readonly capturedFromStart?: boolean;
  readonly limits?: Partial<DecoderLimits>;
  /** The connection goes on: nothing is reported for its end. */
  readonly open?: boolean;
}

export interface Heard {
  readonly activities: readonly Activity[];
  readonly statements: readonly Statement[];
  readonly logins: readonly Login[];
  readonly facts: SessionFacts;
  /** Account and database as they stood when each statement was reported. */
  readonly sessions: readonly string[];
}

const LIMITS: DecoderLimits = {
  textBytes: 65_536,
  pendingStatements: 10_000,
  preparedStatements: 16_384,
  stillRunningNanos: 10_000_000_000,
};
const TURN_NANOS = 1000;

/** What the decoder reports of a conversation. Each turn comes a microsecond after the one before. */
export function hear(turns: readonly Turn[], options: HearingOptions = {}): Heard {
  const { split = WHOLE, capturedFromStart = true, limits = {}, open = false } = options;
  const activities: Activity[] = [];
  const sessions: string[] = [];
  const facts = new SessionFacts('redis');
  const report = (activity: Activity): void => {
    activities.push(activity);
    if (activity.kind === 'statement') sessions.push(`${facts.user ?? '?'}@${facts.database ?? '?'}`);
  };
  const decoder = redis.decode({ facts, limits: { ...LIMITS, ...limits }, capturedFromStart, report });
  let at = TURN_NANOS;
  for (const turn of turns) {
    if ('waitNanos' in turn) {
      at += turn.waitNanos;
      decoder.tick(at);
    } else if ('lost' in turn) {
      decoder.gap(turn.from, turn.lost, at);
    } else {
      for (const piece of split(turn.bytes)) {
        // Lent bytes may stand anywhere in a buffer, and are gone after the call.
        const lent = Buffer.concat([Buffer.from('+OK\r\n*1'), piece, Buffer.from('\r\n*1\r\n$4\r\nPING\r\n')]);
        decoder.data(turn.from, lent, 7, 7 + piece.length, at);
        lent.fill(0x58);
      }
    }
    at += TURN_NANOS;
  }
  if (!open) decoder.close(at, 'finished');
  const statements = activities.filter((activity) => activity.kind === 'statement');
  return {
    activities,
    statements,
    logins: activities.filter((activity) => activity.kind === 'login'),
    facts,
    sessions,
  };
}

/** The same conversation whole, byte by byte and at random cuts; all must be heard alike. Gives back what was heard. */
export function hearEveryWay(turns: readonly Turn[], options: HearingOptions = {}): Heard {
  const whole = hear(turns, options);
  for (const split of [BYTE_BY_BYTE, randomly(1), randomly(2), randomly(3)]) {
    const heard = hear(turns, { ...options, split });
    const [one, other] = [JSON.stringify(heard), JSON.stringify(whole)];
    if (one !== other) throw new Error(`cut otherwise it is heard otherwise:\n${one}\n${other}`);
  }
  return whole;
}

/** What a statement comes to, in short: `GET k: ok 1`. */
export function gist(statement: Statement): string {
  const { outcome, returnedRows, notes } = statement;
  const result = outcome.kind === 'failed' ? outcome.code : outcome.kind;
  return [`${statement.text}:`, result, returnedRows, notes?.join(',')].filter((part) => part !== undefined).join(' ');
}

/** The gists of all statements of a conversation, heard every way. */
export function gists(turns: readonly Turn[], options: HearingOptions = {}): string[] {
  return hearEveryWay(turns, options).statements.map(gist);
}
