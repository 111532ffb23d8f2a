import { join } from 'node:path';
import * as z from 'zod';
import { temporaryDirectory } from '../leftovers.ts';
import { fetchedServer } from './fetched-servers.ts';
import { freePort } from './free-port.ts';
import { fetchedJava, JAVA_21, SMALL_JAVA } from './java.ts';
import { ServerProcess } from './server-process.ts';

/** What `tools/prepare-integration.ts` calls our main class, and where it is written. */
export const OPENSEARCH_NODE = 'opensearch-node';
export const OPENSEARCH_NODE_SOURCE = join(import.meta.dirname, 'java/OpenSearchNode.java');

/** The plug-in each needs to speak HTTP; without the others it starts in half the time. */
const HTTP_PLUGIN = {
  '2.19': 'org.opensearch.transport.Netty4Plugin',
  '3.8': 'org.opensearch.transport.Netty4ModulePlugin',
} as const;

export type OpenSearchVersion = keyof typeof HTTP_PLUGIN;

/** Those that `tools/prepare-integration.ts` fetched. */
export function availableOpenSearchVersions(): readonly OpenSearchVersion[] {
  const versions: readonly OpenSearchVersion[] = ['2.19', '3.8'];
  return versions.filter((version) => releaseOf(version) !== undefined);
}

function releaseOf(version: OpenSearchVersion): { readonly java: string; readonly classPath: string } | undefined {
  const jars = fetchedServer(`opensearch-${version}`);
  const main = fetchedServer(OPENSEARCH_NODE);
  const java = version === '2.19' ? 'java' : fetchedJava(JAVA_21);
  return jars === undefined || main === undefined || java === undefined
    ? undefined
    : { java, classPath: `${main}:${join(jars, '*')}` };
}

interface OpenSearchReply {
  readonly status: number;
  /** Parsed JSON; undefined where there is none. */
  readonly body: unknown;
}

/** A cluster of one node on loopback, without its security plug-in: plain HTTP, no accounts. */
export interface OpenSearch {
  readonly version: OpenSearchVersion;
  /** `http://127.0.0.1:PORT`; stays the same over restarts. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** `body` is sent as JSON; text as NDJSON. */
  request(method: string, path: string, body?: object | string): Promise<OpenSearchReply>;
  /** Documents in an index, alias or data stream that can be searched by now: it is refreshed first. 0 where it is not there. */
  count(target: string): Promise<number>;
  /** The documents that a search finds, at most 10,000; the target is refreshed first. `query` is a search body's `query`. */
  search(target: string, query?: object): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** What a crash is: nothing is flushed or closed. Its data stay. */
  kill9(): Promise<void>;
  /** Starts it again on the same port and data, after `kill9`; settles when it answers and its shards are there. */
  restart(): Promise<void>;
  /** Ends it and removes its data; safe to call twice. */
  stop(): Promise<void>;
}

const countReply = z.object({ count: z.int() });
const searchReply = z.object({
  hits: z.object({ hits: z.array(z.object({ _source: z.record(z.string(), z.unknown()) })) }),
});
const MOST_HITS = 10_000;

/** `settings` are the node's own, such as `http.max_content_length`. Rejects where this version was not fetched. */
export async function startOpenSearch(options: {
  readonly version: OpenSearchVersion;
  readonly settings?: Readonly<Record<string, string>>;
}): Promise<OpenSearch> {
  const { version, settings = {} } = options;
  const release = releaseOf(version);
  if (release === undefined) throw new Error(`OpenSearch ${version} is not here; run tools/prepare-integration.ts`);
  const directory = temporaryDirectory(`opensearch-${version}`);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const node = {
    'network.host': '127.0.0.1',
    'http.port': `${port}`,
    'transport.port': `${await freePort()}`,
    'discovery.type': 'single-node',
    // A developer's disk is often fuller than a server's should be.
    'cluster.routing.allocation.disk.threshold_enabled': 'false',
    ...settings,
  };
  const command = {
    program: release.java,
    arguments: [
      ...[...SMALL_JAVA, '-Djava.awt.headless=true'],
      ...['-cp', release.classPath, 'OpenSearchNode', join(directory.path, 'node')],
      HTTP_PLUGIN[version],
      ...Object.entries(node).map(([key, value]) => `${key}=${value}`),
    ],
    logFile: join(directory.path, 'server.log'),
    // Its data are thrown away, or a crash is what is wanted.
    stopSignal: 'SIGKILL',
  } as const;
  const isReady = () =>
    fetch(`${url}/_cluster/health?wait_for_status=yellow&timeout=1s`).then(
      ({ ok }) => ok,
      () => false,
    );
  const launch = () => ServerProcess.start(command, isReady);
  const request = async (method: string, path: string, body?: object | string): Promise<OpenSearchReply> => {
    const response = await fetch(`${url}/${path.replace(/^\//, '')}`, {
      method,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      headers: { 'content-type': typeof body === 'string' ? 'application/x-ndjson' : 'application/json' },
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  };
  let server: ServerProcess;
  try {
    server = await launch();
  } catch (error) {
    directory.remove();
    throw error;
  }
  return {
    version,
    url,
    port,
    get pid() {
      return server.pid;
    },
    request,
    async count(target) {
      await request('POST', `${target}/_refresh`);
      const { status, body } = await request('GET', `${target}/_count`);
      return status === 404 ? 0 : countReply.parse(body).count;
    },
    async search(target, query = { match_all: {} }) {
      await request('POST', `${target}/_refresh`);
      const { body } = await request('POST', `${target}/_search`, { query, size: MOST_HITS });
      return searchReply.parse(body).hits.hits.map(({ _source }) => _source);
    },
    kill9: () => server.stop(),
    async restart() {
      server = await launch();
    },
    async stop() {
      await server.stop();
      directory.remove();
    },
  };
}
