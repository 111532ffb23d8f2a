import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { UserError } from '../../contract/user-error.ts';
import type { KubernetesObject, WatchEvent } from './cluster.ts';
import { kubernetesObjectSchema } from './object-schema.ts';

const SERVER_SECONDS = 300;
/** The server ends a watch by itself after SERVER_SECONDS; a connection that outlives that by so much is dead. */
export const WATCH_IDLE_MILLIS = (SERVER_SECONDS + 30) * 1_000;
const FIRST_PAUSE_MILLIS = 500;
const LONGEST_PAUSE_MILLIS = 30_000;

const lineSchema = z.discriminatedUnion('type', [
  z.object({ type: z.enum(['ADDED', 'MODIFIED', 'DELETED']), object: kubernetesObjectSchema }),
  z.object({ type: z.enum(['BOOKMARK', 'ERROR']) }),
]);

export interface WatchSource {
  list(): Promise<{ readonly objects: readonly KubernetesObject[]; readonly resourceVersion: string }>;
  open(query: Readonly<Record<string, string | number | boolean>>): Promise<IncomingMessage>;
}

/**
 * Lists, then follows; after each loss of the connection lists again. Ends with the signal.
 * @throws UserError from the first list; later only DBA1102 and DBA1103, for which waiting does not help
 */
export async function* watchObjects(source: WatchSource, signal: AbortSignal): AsyncGenerator<WatchEvent> {
  let pauseMillis = FIRST_PAUSE_MILLIS;
  let listed = false;
  while (!signal.aborted) {
    try {
      const { objects, resourceVersion } = await source.list();
      yield { type: 'LISTED', objects };
      listed = true;
      const stream = await source.open({
        watch: true,
        allowWatchBookmarks: true,
        timeoutSeconds: SERVER_SECONDS,
        resourceVersion,
      });
      for await (const line of linesOf(stream)) {
        const event = lineSchema.parse(JSON.parse(line));
        if (event.type === 'ERROR') break; // 410: the version is too old
        pauseMillis = FIRST_PAUSE_MILLIS;
        if ('object' in event) yield event;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!listed || !mayPass(error)) throw error;
    }
    // Spread, so that many clients do not come back at once.
    await sleep(pauseMillis * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
    pauseMillis = Math.min(pauseMillis * 2, LONGEST_PAUSE_MILLIS);
  }
}

/** Whole lines alone: what a lost connection leaves of the last one is nothing. */
async function* linesOf(stream: IncomingMessage): AsyncGenerator<string> {
  stream.setEncoding('utf8');
  let begun = '';
  for await (const text of stream) {
    const lines = (begun + text).split('\n');
    begun = lines.pop() ?? '';
    yield* lines;
  }
}

function mayPass(error: unknown): boolean {
  if (error instanceof UserError) return error.code !== 'DBA1102' && error.code !== 'DBA1103';
  return typeof error === 'object' && error !== null && 'code' in error; // ECONNRESET and the like, from the stream
}
