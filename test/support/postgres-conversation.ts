import type { Activity } from '../../agent/protocols/activity.ts';
import { postgres } from '../../agent/protocols/postgres/index.ts';
import type { DecoderLimits } from '../../agent/protocols/protocol.ts';
import { SessionFacts } from '../../agent/protocols/session-facts.ts';
import type { Side } from '../../agent/tcp/byte-stream.ts';
import { client, server } from './postgres-wire.ts';

/** One thing that happens: bytes of a side, bytes of it that are lost, or time that passes. */
export type Step =
  | readonly [side: Side, ...pieces: Buffer[]]
  | readonly [kind: 'lost', side: Side, bytes: number]
  | readonly [kind: 'wait', nanos: number];

export interface Decoded {
  readonly activities: readonly Activity[];
  readonly facts: SessionFacts;
}

interface DecodeOptions {
  readonly fromStart?: boolean;
  readonly limits?: Partial<DecoderLimits>;
  /** Cuts a piece of bytes into the lengths to be given one after the other. */
  readonly cut?: (length: number) => readonly number[];
  /** Ends the connection; true unless told otherwise. */
  readonly close?: boolean;
}

const LIMITS: DecoderLimits = {
  textBytes: 4096,
  pendingStatements: 256,
  preparedStatements: 64,
  stillRunningNanos: 10_000_000_000,
};

/** A microsecond passes with each step, however its bytes are cut. */
const STEP_NANOS = 1_000;

export function decode(steps: readonly Step[], options: DecodeOptions = {}): Decoded {
  const { fromStart = true, limits, cut = (length: number) => [length], close = true } = options;
  const facts = new SessionFacts('postgresql');
  const activities: Activity[] = [];
  const listener = postgres.decode({
    facts,
    limits: { ...LIMITS, ...limits },
    capturedFromStart: fromStart,
    report: (activity) => activities.push(structuredClone(activity)),
  });
  let at = 0;
  for (const step of steps) {
    at += STEP_NANOS;
    if (step[0] === 'wait') {
      at += step[1];
      listener.tick(at);
    } else if (step[0] === 'lost') {
      listener.gap(step[1], step[2], at);
    } else {
      const [side, ...pieces] = step;
      const bytes = Buffer.concat(pieces);
      let start = 0;
      for (const length of cut(bytes.length)) {
        // A margin on both sides shows reads beyond what was given.
        const lent = Buffer.concat([
          Buffer.alloc(3, 0x5a),
          bytes.subarray(start, start + length),
          Buffer.alloc(9, 0x51),
        ]);
        if (length > 0) listener.data(side, lent, 3, 3 + length, at);
        lent.fill(0x2a);
        start += length;
      }
    }
  }
  if (close) listener.close(at + STEP_NANOS, 'finished');
  return { activities, facts };
}

export const byteByByte = (length: number): readonly number[] => new Array<number>(length).fill(1);

/** Pieces of 1 to 40 bytes, the same for the same seed. */
export function randomCuts(seed: number): (length: number) => readonly number[] {
  let state = seed;
  return (length) => {
    const lengths: number[] = [];
    for (let left = length; left > 0; left -= lengths.at(-1) ?? left) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      lengths.push(Math.min(left, 1 + ((state >>> 16) % 40)));
    }
    return lengths;
  };
}

/** A login by trust, as `ann` on `shop`. */
export const login: readonly Step[] = [
  ['client', client.startup({ user: 'ann', database: 'shop' })],
  [
    'server',
    server.authenticationOk(),
    server.parameterStatus('server_version', '17.2'),
    server.parameterStatus('client_encoding', 'UTF8'),
    server.backendKeyData(4711),
    server.ready(),
  ],
];

/** What a test says of an activity: only what matters to it. */
export function brief(activity: Activity): string {
  if (activity.kind === 'login') return `login ${activity.user}@${activity.database} ${outcome(activity)}`;
  if (activity.kind === 'blind')
    return `blind ${activity.reason}${activity.from ? ` ${activity.from}` : ''}${activity.bytes === undefined ? '' : ` ${activity.bytes}`}`;
  if (activity.kind === 'still-running') return `running ${activity.text}`;
  const { action, text, parameters, returnedRows, affectedRows, notes } = activity;
  return [
    action.slice(3),
    JSON.stringify(text ?? null),
    parameters && JSON.stringify(parameters),
    outcome(activity),
    returnedRows === undefined ? undefined : `returned=${returnedRows}`,
    affectedRows === undefined ? undefined : `affected=${affectedRows}`,
    notes && `[${notes.join(' ')}]`,
  ]
    .filter((part) => part !== undefined)
    .join(' ');
}

function outcome({ outcome: result }: Extract<Activity, { kind: 'login' | 'statement' }>): string {
  return result.kind === 'failed' ? result.code : result.kind;
}

/** The statements of `steps` after a login, briefly; the same however the bytes are cut. */
export function statements(steps: readonly Step[], options: DecodeOptions = {}): readonly string[] {
  return decode([...login, ...steps], options)
    .activities.map(brief)
    .slice(1);
}
