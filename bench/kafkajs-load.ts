/**
 * `kafkajs-load.ts BROKER TOPIC FILE`: the lines of an NDJSON file to Kafka by kafkajs alone, as its documentation shows it:
 * a thousand messages at a time, compressed by gzip. Prints its cost as JSON on descriptor 3.
 */
import { writeSync } from 'node:fs';
import { CompressionTypes, Kafka, logLevel, type Message } from 'kafkajs';
import { linesOf } from './lines.ts';
import { Stopwatch } from './stopwatch.ts';

const MESSAGES = 1000;

const [broker = '', topic = '', file = ''] = process.argv.slice(2);
const producer = new Kafka({ brokers: [broker], logLevel: logLevel.ERROR }).producer();
await producer.connect();
const watch = new Stopwatch();
let count = 0;
let messages: Message[] = [];
const send = async () => {
  await producer.send({ topic, messages, compression: CompressionTypes.GZIP });
  count += messages.length;
  messages = [];
};
for (const line of linesOf(file)) {
  messages.push({ value: line.subarray(0, -1) });
  if (messages.length === MESSAGES) await send();
}
if (messages.length > 0) await send();
writeSync(3, JSON.stringify(watch.read(count)));
await producer.disconnect();
