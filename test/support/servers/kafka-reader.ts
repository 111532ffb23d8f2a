import { spawn } from 'node:child_process';
import { endWithUs } from '../leftovers.ts';

/** One message as kcat (librdkafka) read it. */
export interface KafkaMessage {
  readonly partition: number;
  readonly offset: number;
  /** Unix time in milliseconds. */
  readonly timestamp: number;
  readonly key: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Buffer;
}

const NEWLINE = 0x0a;
/** Lengths first, so that any bytes may follow. https://github.com/edenhill/kcat#readme */
const FORMAT = '%p %o %T %K %S %h\\n%k%s\\n';

/** Calls `visit` with each message that is in a topic now. Rejects with what kcat said where it cannot. */
export async function readTopic(broker: string, topic: string, visit: (message: KafkaMessage) => void): Promise<void> {
  const quick = ['-X', 'check.crcs=true', '-X', 'fetch.wait.max.ms=20'];
  const child = spawn(
    'kcat',
    ['-C', '-b', broker, '-t', topic, '-o', 'beginning', '-e', '-q', ...quick, '-f', FORMAT],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  endWithUs(child);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  let rest: Buffer = Buffer.alloc(0);
  child.stdout.on('data', (chunk: Buffer) => {
    rest = takeMessages(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]), visit);
  });
  const status = await ended;
  if (status !== 0 || rest.length > 0) throw new Error(`kcat ended with ${status}: ${said}`);
}

/** @returns what is not a whole message yet */
function takeMessages(bytes: Buffer, visit: (message: KafkaMessage) => void): Buffer {
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf(NEWLINE, at);
    if (lineEnd < 0) return bytes.subarray(at);
    const [partition, offset, timestamp, keyLength, length, ...headers] = bytes
      .toString('utf8', at, lineEnd)
      .split(' ');
    const keyBytes = Math.max(Number(keyLength), 0);
    const value = lineEnd + 1 + keyBytes;
    const end = value + Number(length);
    if (end >= bytes.length) return bytes.subarray(at);
    visit({
      partition: Number(partition),
      offset: Number(offset),
      timestamp: Number(timestamp),
      key: Number(keyLength) < 0 ? undefined : bytes.toString('utf8', lineEnd + 1, value),
      headers: headersOf(headers.join(' ')),
      value: Buffer.from(bytes.subarray(value, end)),
    });
    at = end + 1;
  }
}

function headersOf(text: string): Record<string, string> {
  const pairs = text === '' ? [] : text.split(',').map((pair) => pair.split('='));
  return Object.fromEntries(pairs.map(([name = '', ...value]) => [name, value.join('=')]));
}
