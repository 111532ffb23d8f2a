import { describe, expect, test } from '@jest/globals';
import { crc32c, Reader, readRecordsBatches } from '@platformatic/kafka';
import fc from 'fast-check';
import { type Compression, compress } from '../../../delivery/connection/compression.ts';
import { encodeBatch, NO_IDENTITY, NO_SEQUENCE, RecordWriter } from '../../../delivery/sinks/kafka/record-batch.ts';
import '../../support/seed.ts';

const event = fc.record({
  value: fc.uint8Array({ minLength: 1, maxLength: 3000 }).map((bytes) => Buffer.from(bytes)),
  key: fc.option(fc.stringMatching(/^[0-9a-f]{1,40}$/), { nil: undefined }),
  id: fc.option(fc.stringMatching(/^[0-9a-f]{1,40}-\d{1,6}$/), { nil: undefined }),
  timestamp: fc.integer({ min: 0, max: 4_102_444_800_000 }),
});

describe('record batches', () => {
  test('are read by the client library as they were written', async () => {
    const writer = new RecordWriter({ 'content-type': 'application/json' }, 'event-id');
    const compressions = fc.constantFrom<Compression>('gzip', 'zstd', 'none');
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 40 }), compressions, async (events, compression) => {
        writer.clear();
        for (const { value, key, id, timestamp } of events) writer.append(value, key, id, timestamp);
        const records = writer.records();
        const body = await compress(records.bytes, compression);
        const bytes = encodeBatch(records, body, compression, { id: 77n, epoch: 3 }, 41);
        const [batch, ...others] = readRecordsBatches(Reader.from(bytes));
        expect(others).toEqual([]);
        expect(batch).toMatchObject({
          magic: 2,
          producerId: 77n,
          producerEpoch: 3,
          firstSequence: 41,
          lastOffsetDelta: events.length - 1,
          maxTimestamp: BigInt(Math.max(...events.map(({ timestamp }) => timestamp))),
        });
        expect(batch?.crc).toBe(crc32c(bytes.subarray(21)));
        const read = batch?.records.map(({ key, value, headers, timestampDelta, offsetDelta }) => ({
          key: key?.toString(),
          value: value?.toString('hex'),
          headers: headers.map(([name, content]) => [String(name), String(content)]),
          timestamp: Number(batch.firstTimestamp + timestampDelta),
          offsetDelta,
        }));
        expect(read).toEqual(
          events.map(({ value, key, id, timestamp }, offsetDelta) => ({
            key,
            value: value.toString('hex'),
            headers: [
              ['content-type', 'application/json'],
              ['event-id', id ?? ''],
            ],
            timestamp,
            offsetDelta,
          })),
        );
      }),
      { numRuns: 50 },
    );
  });

  test('grow with a huge event, and let its memory go', () => {
    const writer = new RecordWriter({}, 'event-id');
    const huge = Buffer.alloc(20_000_000, 'x');
    writer.append(huge, 'key', 'key-1', 0);
    expect(writer.records().bytes.length).toBeGreaterThan(huge.length);
    writer.clear();
    writer.append(Buffer.from('{}'), 'key', 'key-1', 0);
    expect(writer.records().bytes.buffer.byteLength).toBeLessThan(1_000_000);
  });

  test('have no identity where there is none', () => {
    const writer = new RecordWriter({}, 'event-id');
    writer.append(Buffer.from('{}'), undefined, undefined, 0);
    const records = writer.records();
    const [batch] = readRecordsBatches(
      Reader.from(encodeBatch(records, records.bytes, 'none', NO_IDENTITY, NO_SEQUENCE)),
    );
    expect(batch).toMatchObject({ producerId: -1n, producerEpoch: -1, firstSequence: -1 });
  });
});
