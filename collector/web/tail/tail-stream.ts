import * as z from 'zod';
import type { AuditEvent } from '../../../contract/audit-event.ts';
import { tailBehindSchema } from '../../../contract/collector-api.ts';
import type { Filter } from '../../../contract/filter.ts';
import { request } from '../api/call.ts';

interface TailListener {
  readonly onEvent: (event: AuditEvent) => void;
  /** So many were left out, because this reader was too slow. */
  readonly onBehind: (count: number) => void;
}

const line = z.union([
  tailBehindSchema,
  z.custom<AuditEvent>((value) => typeof value === 'object' && value !== null && '@timestamp' in value),
]);

/** Reads POST /tail until the collector ends it or the signal does. @throws Problem */
export async function follow(filter: Filter, listener: TailListener, signal: AbortSignal): Promise<void> {
  const { body } = await request('POST', '/tail', { filter }, signal);
  if (body === null) return;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const lines = (rest + read.value).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) {
      // A line without content keeps the connection open.
      if (text.trim() === '') continue;
      const value = line.parse(JSON.parse(text));
      if ('behind' in value) listener.onBehind(value.behind);
      else listener.onEvent(value);
    }
  }
}
