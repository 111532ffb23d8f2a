import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditEvent } from '../../contract/audit-event.ts';
import { tailRequestSchema } from '../../contract/collector-api.ts';
import type { Filter } from '../../contract/filter.ts';
import type { Scope } from '../access/scope.ts';
import { compileMatcher } from '../query/matcher.ts';
import type { LiveTail } from './live-tail.ts';
import { type AnswerStream, type Ask, post, type Route } from './route.ts';
import { visibleEvents, visibleFilter } from './visible.ts';

/** Events that wait for a slow reader, some KiB each at most; further ones are counted instead. */
const MAX_WAITING_EVENTS = 2_000;
const MAX_WAITING_BYTES = 2 * 1_048_576;
/** A line without news, so that both sides notice when the other is gone; and when the right to read is asked for anew. */
const HEARTBEAT_MILLIS = 15_000;

/** Events as they come, as NDJSON, and `{"behind": n}` where the reader was too slow for n of them; 0 says only that it goes on. */
export function tailRoutes(live: LiveTail): readonly Route[] {
  return [
    post({
      path: '/tail',
      need: { kind: 'scoped', right: { resource: 'auditevents', verb: 'get' } },
      recorded: { resource: 'auditevents', verb: 'tail' },
      schema: tailRequestSchema,
      async run(ask) {
        const tail = new Tail(ask.scope, ask.body.filter);
        const leave = live.listen((events) => tail.take(events));
        ask.signal.addEventListener('abort', leave, { once: true });
        return {
          kind: 'stream',
          type: 'application/x-ndjson',
          write: (stream) => tail.write(stream, ask).finally(leave),
        };
      },
    }),
  ];
}

class Tail {
  readonly #scope: Scope;
  readonly #matches: (event: AuditEvent) => boolean;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #behind = 0;
  #wake: (() => void) | undefined;

  constructor(scope: Scope, filter: Filter | undefined) {
    this.#scope = scope;
    this.#matches = compileMatcher(visibleFilter(scope, filter));
  }

  take(events: readonly AuditEvent[]): void {
    for (const event of events) {
      if (!this.#matches(event)) continue;
      if (this.#waiting.length >= MAX_WAITING_EVENTS || this.#waitingBytes >= MAX_WAITING_BYTES) {
        this.#behind += 1;
        continue;
      }
      const [visible] = visibleEvents(this.#scope, [event]);
      const line = `${JSON.stringify(visible)}\n`;
      this.#waiting.push(line);
      this.#waitingBytes += line.length;
    }
    this.#wake?.();
  }

  /** Until the reader leaves, or may read no more. */
  async write(stream: AnswerStream, { signal, stillAllowed }: Ask<unknown>): Promise<void> {
    const scope = JSON.stringify(this.#scope);
    let checkedAt = Date.now();
    try {
      await stream.write(behindLine(0));
      while (!signal.aborted) {
        const lines = this.#waiting;
        const behind = this.#behind;
        this.#waiting = [];
        this.#waitingBytes = 0;
        this.#behind = 0;
        if (lines.length > 0) await stream.write(lines.join(''), lines.length);
        if (behind > 0) await stream.write(behindLine(behind));
        if (this.#waiting.length === 0) await this.#news(signal);
        if (Date.now() - checkedAt < HEARTBEAT_MILLIS) continue;
        checkedAt = Date.now();
        if (JSON.stringify(await stillAllowed()) !== scope) break;
        await stream.write(behindLine(0));
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Settles with the next event, or when it is time for a heartbeat. */
  async #news(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const stop = new AbortController();
    const over = sleep(HEARTBEAT_MILLIS, undefined, { signal: AbortSignal.any([stop.signal, signal]) });
    await Promise.race([promise, over.catch(() => {})]);
    this.#wake = undefined;
    stop.abort();
  }
}

function behindLine(behind: number): string {
  return `${JSON.stringify({ behind })}\n`;
}
