import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { Conversation } from '../test/support/segments.ts';
import { costOf } from './measure.ts';
import { DIRECTORY } from './recordings.ts';

const REPLY_BYTES = 64 * 1024 * 1024;
const RUNS = 3;

/** One reply of 64 MiB in segments of 1448 bytes: what costs linear time takes well under a second. */
export async function benchReply(): Promise<void> {
  mkdirSync(DIRECTORY, { recursive: true });
  const file = `${DIRECTORY}/reply.pcap`;
  const conversation = new Conversation({ server: { ip: '10.0.0.2', port: 6379 } }).open();
  conversation.client('*2\r\n$3\r\nGET\r\n$3\r\nbig\r\n');
  conversation.server(`$${REPLY_BYTES}\r\n${'x'.repeat(REPLY_BYTES)}\r\n`);
  conversation.client('*1\r\n$4\r\nPING\r\n').server('+PONG\r\n').close();
  const output = openSync(file, 'w');
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b23c4d, 0); // nanoseconds
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262_144, 16);
  header.writeUInt32LE(1, 20);
  writeSync(output, header);
  for (const { bytes, seconds, nanos } of conversation.packets) {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(seconds, 0);
    record.writeUInt32LE(nanos, 4);
    record.writeUInt32LE(bytes.length, 8);
    record.writeUInt32LE(bytes.length, 12);
    writeSync(output, Buffer.concat([record, bytes]));
  }
  closeSync(output);
  const empty = costOf('bin/dbaudit-agent --version');
  for (let run = 0; run < RUNS; run += 1) {
    const cost = costOf(`bin/dbaudit-agent replay ${file}`);
    process.stdout.write(
      `64 MiB reply in ${conversation.packets.length} packets: ${cost.wallSeconds.toFixed(2)} s, of which the start ${empty.wallSeconds.toFixed(2)} s; ${cost.maxRssMebibytes.toFixed(0)} MiB\n`,
    );
  }
}
