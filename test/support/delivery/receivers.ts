import * as z from 'zod';
import { startKafka, whyNoKafka } from '../servers/kafka.ts';
import type { KafkaVersion } from '../servers/kafka-settings.ts';
import { NdjsonReceiver } from '../servers/ndjson-receiver.ts';
import { availableOpenSearchVersions, type OpenSearchVersion, startOpenSearch } from '../servers/opensearch.ts';
import type { Receiver } from './receiver.ts';

const TOPIC = 'audit';

/** Each is started on free ports of loopback. */
const RECEIVERS = {
  'kafka-4': { start: () => kafka('4.3.1'), whyNot: () => whyNoKafka('4.3.1') },
  'kafka-2': { start: () => kafka('2.1.1'), whyNot: () => whyNoKafka('2.1.1') },
  'opensearch-3': { start: () => openSearch('3.8'), whyNot: () => whyNoOpenSearch('3.8') },
  'opensearch-2': { start: () => openSearch('2.19'), whyNot: () => whyNoOpenSearch('2.19') },
  http: { start: http, whyNot: () => undefined },
} as const;

export type ReceiverName = keyof typeof RECEIVERS;

export function startReceiver(name: ReceiverName): Promise<Receiver> {
  return RECEIVERS[name].start();
}

/** Why it cannot be started here; undefined where it can. */
export function whyNoReceiver(name: ReceiverName): string | undefined {
  return RECEIVERS[name].whyNot();
}

async function kafka(version: KafkaVersion): Promise<Receiver> {
  const broker = await startKafka({ version });
  try {
    await broker.createTopic(TOPIC);
  } catch (error) {
    await broker.stop();
    throw error;
  }
  return {
    name: broker.name,
    port: broker.ports.plaintext,
    get pid() {
      return broker.pid;
    },
    sink: { type: 'kafka', brokers: [broker.address('plaintext')], topic: TOPIC },
    kill: () => broker.kill9(),
    restart: () => broker.restart(),
    readAll: (visit) => broker.visit(TOPIC, ({ value }) => visit(JSON.parse(value.toString()))),
    stop: () => broker.stop(),
  };
}

function whyNoOpenSearch(version: OpenSearchVersion): string | undefined {
  if (availableOpenSearchVersions().includes(version)) return undefined;
  return `OpenSearch ${version} is not here; run tools/prepare-integration.ts`;
}

const pageSchema = z.object({
  _scroll_id: z.string(),
  hits: z.object({ hits: z.array(z.object({ _source: z.unknown() })) }),
});
/** Documents at once; a thousand of them are some MB of JSON. */
const PAGE = 2000;

async function openSearch(version: OpenSearchVersion): Promise<Receiver> {
  const node = await startOpenSearch({ version });
  return {
    name: `opensearch-${version}`,
    port: node.port,
    get pid() {
      return node.pid;
    },
    sink: { type: 'opensearch', urls: [node.url], dataStream: TOPIC },
    kill: () => node.kill9(),
    restart: () => node.restart(),
    // https://docs.opensearch.org/latest/api-reference/search-apis/scroll/
    async readAll(visit) {
      await node.request('POST', `${TOPIC}/_refresh`);
      let reply = await node.request('POST', `${TOPIC}/_search?scroll=1m`, { size: PAGE, sort: ['_doc'] });
      for (;;) {
        const page = pageSchema.parse(reply.body);
        if (page.hits.hits.length === 0) return;
        for (const { _source } of page.hits.hits) visit(_source);
        reply = await node.request('POST', '_search/scroll', { scroll: '1m', scroll_id: page._scroll_id });
      }
    },
    stop: () => node.stop(),
  };
}

async function http(): Promise<Receiver> {
  const receiver = await NdjsonReceiver.start();
  return {
    name: 'http',
    port: receiver.port,
    get pid() {
      return receiver.pid;
    },
    sink: { type: 'http', url: receiver.url },
    kill: () => receiver.kill9(),
    restart: () => receiver.restart(),
    readAll: (visit) => receiver.readLedger((line) => visit(JSON.parse(line))),
    stop: () => receiver.stop(),
  };
}
