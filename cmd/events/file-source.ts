import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { replay } from '../../agent/replay.ts';
import { UserError } from '../../contract/user-error.ts';
import { splitLines } from './log-lines.ts';
import { type Received, readLine } from './received.ts';

/** Blanks may come before it, in a file that was edited. */
const JSON_START = /^\s*\{/;
const LOOK_BYTES = 64;
const STDIN = '-';
/** What of a capture's events is held at a time. */
const BATCH_EVENTS = 2_000;
const BATCH_BYTES = 524_288;

export interface FileSourceOptions {
  readonly files: readonly string[];
  readonly stdin: Readable;
  /** Awaited: a slow reader slows the source down. */
  readonly onEvent: (received: Received) => Promise<void>;
  readonly say: (line: string) => void;
}

/**
 * Gives the events of packet captures (pcap, pcapng, gzip) and of NDJSON, as `-o json`, the file sink and containers'
 * logs have it. `-` is standard input. Captures that follow one another are read as one.
 * Rejects with UserError DBA1002 where a file cannot be read; the events before it have been given.
 */
export async function readFiles(options: FileSourceOptions): Promise<void> {
  const { files } = options;
  const input = files.includes(STDIN) ? await peek(options.stdin) : { begin: '', stdin: options.stdin };
  const source = { ...options, stdin: input.stdin };
  let captures: string[] = [];
  for (const file of files) {
    const begin = file === STDIN ? input.begin : await beginOf(file);
    if (!JSON_START.test(begin)) {
      captures.push(file);
      continue;
    }
    await readCaptures(captures, source);
    captures = [];
    await readLines(file, source);
  }
  await readCaptures(captures, source);
}

async function readCaptures(files: readonly string[], { stdin, onEvent, say }: FileSourceOptions): Promise<void> {
  if (files.length === 0) return;
  const summary = await replay({
    files,
    stdin,
    sink: {
      name: 'replay',
      limits: { events: BATCH_EVENTS, bytes: BATCH_BYTES },
      write: async ({ bytes }) => {
        for (const line of bytes.toString('utf8').split('\n')) {
          const content = readLine(line);
          if (content.kind === 'event') await onEvent(content.received);
        }
      },
      close: () => Promise.resolve(),
    },
  });
  say(summary);
}

async function readLines(file: string, { stdin, onEvent, say }: FileSourceOptions): Promise<void> {
  let number = 0;
  let others = 0;
  try {
    for await (const { text, end } of splitLines(file === STDIN ? stdin : createReadStream(file))) {
      number++;
      const content = readLine(text);
      if (content.kind === 'event') await onEvent(content.received);
      else if (content.kind === 'unreadable') say(`! ${file}, line ${number}: ${content.problem}`);
      else if (end === 'too-long') say(`! ${file}, line ${number}: it is too long`);
      else if (text.trim() !== '') others++;
    }
  } catch (error) {
    throw unreadable(file, error);
  }
  if (others > 0) say(`${file}: ${others} of ${number} lines are no events and were left out`);
}

async function beginOf(file: string): Promise<string> {
  try {
    for await (const bytes of createReadStream(file, { end: LOOK_BYTES - 1 })) return textOf(bytes);
    return '';
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** The first bytes of a stream, and a stream that has them still. */
async function peek(stream: Readable): Promise<{ readonly begin: string; readonly stdin: Readable }> {
  const chunks: AsyncIterator<Uint8Array | string> = stream[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done === true) return { begin: '', stdin: Readable.from([]) };
  async function* whole() {
    for (let next = first; next.done !== true; next = await chunks.next()) yield next.value;
  }
  return { begin: textOf(first.value), stdin: Readable.from(whole(), { objectMode: false }) };
}

function textOf(bytes: Uint8Array | string): string {
  return Buffer.from(bytes).subarray(0, LOOK_BYTES).toString('latin1');
}

function unreadable(file: string, error: unknown): UserError {
  const reason = error instanceof Error ? error.message : String(error);
  return new UserError('DBA1002', `${file}: ${reason}`, 'Check the path and the right to read it.');
}
