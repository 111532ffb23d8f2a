import type { Activity, Login, Statement } from '../../agent/protocols/activity.ts';
import { mysql } from '../../agent/protocols/mysql/index.ts';
import type { DecoderLimits } from '../../agent/protocols/protocol.ts';
import { SessionFacts } from '../../agent/protocols/session-facts.ts';
import type { Side } from '../../agent/tcp/byte-stream.ts';
import { type GreetingFields, greeting, handshakeResponse, ok, type ResponseFields } from './mysql-wire.ts';
import { BYTE_BY_BYTE, randomly, type Split, WHOLE } from './splits.ts';

/** One side says something, or `lost` bytes of it are missing from the capture. */
export interface Turn {
  readonly from: Side;
  readonly bytes: Buffer;
  readonly lost?: boolean;
}

export const LIMITS: DecoderLimits = {
  textBytes: 65_536,
  pendingStatements: 10_000,
  preparedStatements: 16_384,
  stillRunningNanos: 10_000_000_000,
};

export function client(...parts: readonly Buffer[]): Turn {
  return { from: 'client', bytes: Buffer.concat(parts) };
}

export function server(...parts: readonly Buffer[]): Turn {
  return { from: 'server', bytes: Buffer.concat(parts) };
}

/** A login that succeeds. */
export function login(greetingFields: GreetingFields = {}, response: ResponseFields = {}): Turn[] {
  return [server(greeting(greetingFields)), client(handshakeResponse(response)), server(ok({}, 2))];
}

/** How a turn's bytes arrive: where they are cut. */
export interface Heard {
  readonly activities: readonly Activity[];
  readonly statements: readonly Statement[];
  readonly logins: readonly Login[];
  readonly facts: SessionFacts;
}

export interface HearingOptions {
  readonly split?: Split;
  readonly capturedFromStart?: boolean;
  readonly limits?: Partial<DecoderLimits>;
  /** The connection goes on: nothing is reported for its end. */
  readonly open?: boolean;
}

/** What the decoder reports of a conversation. Each turn comes a microsecond after the one before. */
export function hear(turns: readonly Turn[], options: HearingOptions = {}): Heard {
  const { split = WHOLE, capturedFromStart = true, limits = {}, open = false } = options;
  const activities: Activity[] = [];
  const facts = new SessionFacts('mysql');
  const decoder = mysql.decode({
    facts,
    limits: { ...LIMITS, ...limits },
    capturedFromStart,
    report: (activity) => void activities.push(activity),
  });
  let at = 0;
  for (const turn of turns) {
    at += 1000;
    if (turn.lost === true) {
      decoder.gap(turn.from, turn.bytes.length, at);
      continue;
    }
    for (const piece of split(turn.bytes)) {
      // Lent: what a decoder keeps without copying is overwritten here.
      const lent = Buffer.concat([Buffer.alloc(3, 0xee), piece, Buffer.alloc(5, 0xee)]);
      decoder.data(turn.from, lent, 3, 3 + piece.length, at);
      lent.fill(0xee);
    }
  }
  if (!open) decoder.close(at + 1000, 'finished');
  return {
    activities,
    statements: activities.filter((activity) => activity.kind === 'statement'),
    logins: activities.filter((activity) => activity.kind === 'login'),
    facts,
  };
}

/** Hears a conversation whole, byte by byte and in random pieces, and insists that all say the same. */
export function hearEveryWay(turns: readonly Turn[], options: HearingOptions = {}): Heard {
  const heard = hear(turns, options);
  const asText = JSON.stringify([heard.activities, heard.facts]);
  for (const split of [BYTE_BY_BYTE, randomly(1), randomly(2), randomly(3)]) {
    const again = hear(turns, { ...options, split });
    if (JSON.stringify([again.activities, again.facts]) !== asText) {
      const pretty = (value: Heard): string => JSON.stringify(value.activities, undefined, 1);
      throw new Error(`split differently, it was heard differently:\n${pretty(heard)}\n${pretty(again)}`);
    }
  }
  return heard;
}
