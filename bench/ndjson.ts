import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { EventLines } from '../test/support/delivery/event-lines.ts';
import { BENCH_SHAPES } from './event-shapes.ts';
import { DIRECTORY } from './recordings.ts';

const CHUNK_BYTES = 1_048_576;

/** A file of so many events of 1 KB, kept between runs. */
export function eventFile(events: number): string {
  const file = `${DIRECTORY}/events-${events}.ndjson`;
  if (existsSync(file)) return file;
  mkdirSync(DIRECTORY, { recursive: true });
  const lines = new EventLines(BENCH_SHAPES);
  const unfinished = openSync(`${file}.part`, 'w');
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let end = 0;
  for (let number = 0; number < events; number += 1) {
    end = lines.write(number, chunk, end);
    if (end + lines.lengthOf(number + 1) <= chunk.length && number + 1 < events) continue;
    writeSync(unfinished, chunk, 0, end);
    end = 0;
  }
  closeSync(unfinished);
  renameSync(`${file}.part`, file);
  return file;
}
