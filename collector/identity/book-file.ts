import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import * as z from 'zod';
import { systemErrorCode } from '../../delivery/system-error.ts';
import type { ClusterBook } from './cluster-book.ts';

const FILE = 'addresses.ndjson';
const VERSION = 1;
/** Lines made without a pause: about a millisecond. */
const PIECE = 200;

/** Infinity is null in JSON. */
const past = z.union([z.number(), z.null().transform(() => Number.NEGATIVE_INFINITY)]);
const future = z.union([z.number(), z.null().transform(() => Number.POSITIVE_INFINITY)]);
const span = z.strictObject({ from: past, sureFrom: future, sureTo: future, to: future });
const headSchema = z.strictObject({
  version: z.literal(VERSION),
  heardAt: z.number(),
  gaps: z.array(z.strictObject({ from: past, to: future })),
});
const podSchema = z.strictObject({
  record: z.strictObject({
    uid: z.string(),
    namespace: z.string(),
    name: z.string(),
    node: z.string().optional(),
    serviceAccount: z.string().optional(),
    hostNetwork: z.boolean(),
    labels: z.record(z.string(), z.string()).optional(),
    controller: z.strictObject({ kind: z.string(), name: z.string(), uid: z.string() }).optional(),
    owners: z.array(z.string()).optional(),
    services: z.array(z.strictObject({ service: z.string(), ports: z.array(z.number()) })),
  }),
  addresses: z.array(z.string()),
  ports: z.array(z.string()),
  span,
  life: span,
  seenAt: z.number(),
  moved: z.boolean(),
});

/**
 * Writes which pods had which addresses, so that a collector started anew can tell it of late events. All or nothing: a
 * crash leaves the file before. Services and nodes are not in it: the API server still has all but the ended ones.
 * @throws what the file system says
 */
export async function saveBook(book: ClusterBook, directory: string): Promise<void> {
  const { knowledge } = book.pods;
  if (!knowledge.synced) return;
  const path = join(directory, FILE);
  const unfinished = `${path}.new`;
  const file = await open(unfinished, 'w', 0o600);
  try {
    const { heardAt, gaps } = knowledge;
    let lines = [JSON.stringify({ version: VERSION, heardAt, gaps })];
    for (const { record, ...rest } of [...book.pods.kept()]) {
      const { parties: _, ...kept } = record;
      lines.push(JSON.stringify({ record: kept, ...rest }));
      if (lines.length < PIECE) continue;
      await file.write(`${lines.join('\n')}\n`);
      lines = [];
      await breathe();
    }
    if (lines.length > 0) await file.write(`${lines.join('\n')}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
}

/**
 * Before the watches start. Gives what was wrong with the file, in words; then nothing of it is used, for half of a history
 * would name the wrong pods. A file that is not there is none.
 */
export async function loadBook(book: ClusterBook, directory: string): Promise<string | undefined> {
  const path = join(directory, FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    return systemErrorCode(error) === 'ENOENT' ? undefined : `${path} cannot be read (${systemErrorCode(error)})`;
  }
  try {
    const [head = '', ...lines] = text.trimEnd().split('\n');
    const { heardAt, gaps } = headSchema.parse(JSON.parse(head));
    const pods = lines.map((line) => podSchema.parse(JSON.parse(line)));
    book.pods.knowledge.restore(gaps, heardAt);
    book.pods.restore(
      pods.map(({ record, ...kept }) => ({
        ...kept,
        record: {
          ...record,
          node: record.node,
          serviceAccount: record.serviceAccount,
          labels: record.labels,
          controller: record.controller,
          owners: record.owners,
          parties: undefined,
        },
      })),
    );
    return undefined;
  } catch {
    return `${path} is not as this version writes it; who had which address before now is not known`;
  }
}
