import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Admin, Connection, initProducerIdV0 } from '@platformatic/kafka';
import { CertificateAuthority } from '../cluster/certificates.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../leftovers.ts';
import { javaStores } from './certificates.ts';
import { fetchedServer } from './fetched-servers.ts';
import { freePort } from './free-port.ts';
import { oldJava, SMALL_JAVA } from './java.ts';
import { type KafkaMessage, readTopic } from './kafka-reader.ts';
import {
  brokerSettings,
  KAFKA_PASSWORD,
  KAFKA_USER,
  type KafkaListener,
  type KafkaPorts,
  type KafkaVersion,
  OLD_SESSION_MILLIS,
  SCRAM_MECHANISMS,
} from './kafka-settings.ts';
import { ServerProcess } from './server-process.ts';

/** A real broker with all its listeners on loopback, and its data in a temporary directory. */
export interface KafkaServer {
  /** `kafka-4.3.1` */
  readonly name: string;
  readonly version: KafkaVersion;
  readonly ports: Readonly<Record<KafkaListener, number>>;
  /** Of the broker's process; another after `restart`. */
  readonly pid: number;
  /** Signed the broker's certificate, which is for localhost alone, and the client's: `path('ca.crt')`, `path('client.crt')`. */
  readonly authority: CertificateAuthority;
  /** `localhost:PORT` of a listener. */
  address(listener: KafkaListener): string;
  /** Settles when the topic can be written to. */
  createTopic(topic: string, options?: TopicOptions): Promise<void>;
  /** All that is in a topic now, as kcat reads it; in the order of offsets within a partition. */
  consume(topic: string): Promise<KafkaMessage[]>;
  /** The same for topics that are too large to be kept. */
  visit(topic: string, visit: (message: KafkaMessage) => void): Promise<void>;
  /** SIGKILL; settles when the process is gone. */
  kill9(): Promise<void>;
  /** The same broker with its data, on its ports; settles when it answers. */
  restart(): Promise<void>;
  /** Ends it and removes its directory; safe to call twice. */
  stop(): Promise<void>;
}

interface TopicOptions {
  /** 3 by default. */
  readonly partitions?: number;
  /** The topic's own settings: `max.message.bytes`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface KafkaOptions {
  readonly version?: KafkaVersion;
  /** Further lines of server.properties. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Where the listener `sasl` is, for clients that are not on this machine; loopback by default. */
  readonly saslHost?: string;
}

const READY_POLL_MILLIS = 50;
const READY_TRIES = 600;

/** Of `ListOffsets`: behind the last message. */
const LATEST = -1n;

/** Why a version cannot be started here; undefined where it can. */
export function whyNoKafka(version: KafkaVersion): string | undefined {
  const missing = fetchedServer(`kafka-${version}`) === undefined || (version === '2.1.1' && oldJava() === undefined);
  return missing ? `Kafka ${version} is not here; run tools/prepare-integration.ts` : undefined;
}

/** Starts a broker with every listener and an account for SASL. Rejects where that version is not fetched. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaServer> {
  const { version = '4.3.1', settings = {}, saslHost = 'localhost' } = options;
  const absent = whyNoKafka(version);
  if (absent !== undefined) throw new Error(absent);
  const directory = temporaryDirectory(`kafka-${version}`);
  try {
    return await launch(version, { settings, saslHost }, directory);
  } catch (error) {
    directory.remove();
    throw error;
  }
}

async function launch(
  version: KafkaVersion,
  { settings, saslHost }: Required<Omit<KafkaOptions, 'version'>>,
  directory: TemporaryDirectory,
): Promise<KafkaServer> {
  const authority = new CertificateAuthority(join(directory.path, 'certificates'));
  authority.issue('broker', '/CN=broker', ['DNS:localhost']);
  authority.issue('client', '/CN=client');
  const ports = await freePorts();
  const properties = join(directory.path, 'server.properties');
  const stores = javaStores(authority, 'broker');
  writeFileSync(properties, brokerSettings(version, ports, stores, join(directory.path, 'data'), settings, saslHost));
  const parts = version === '2.1.1' ? oldBroker(directory.path, ports) : modernBroker(directory.path);
  const bootstrap = `localhost:${ports.plaintext}`;
  const zooKeeper = await parts.startZooKeeper();
  const start = async () => {
    const started = await ServerProcess.start(parts.command, () => answers(ports.saslTls));
    await untilWritable(ports.plaintext);
    return started;
  };
  let broker: ServerProcess;
  try {
    parts.prepare();
    broker = await start();
  } catch (error) {
    await zooKeeper?.stop();
    throw error;
  }
  return {
    name: `kafka-${version}`,
    version,
    ports,
    authority,
    get pid() {
      return broker.pid;
    },
    address: (listener) => `${listener === 'sasl' ? saslHost : 'localhost'}:${ports[listener]}`,
    async createTopic(topic, { partitions = 3, settings: topicSettings = {} } = {}) {
      const configs = Object.entries(topicSettings).map(([name, value]) => ({ name, value }));
      const wanted = Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp: LATEST }));
      await administer(bootstrap, async (admin) => {
        await admin.createTopics({ topics: [topic], partitions, replicas: 1, configs });
        // The leaders do not know it yet; this is tried again until they do.
        await admin.listOffsets({ topics: [{ name: topic, partitions: wanted }] });
      });
    },
    async consume(topic) {
      const messages: KafkaMessage[] = [];
      await readTopic(bootstrap, topic, (message) => messages.push(message));
      return messages;
    },
    visit: (topic, visit) => readTopic(bootstrap, topic, visit),
    async kill9() {
      process.kill(broker.pid, 'SIGKILL');
      await broker.stop();
    },
    async restart() {
      await broker.stop();
      if (zooKeeper !== undefined) await sleep(OLD_SESSION_MILLIS * 2);
      broker = await start();
    },
    async stop() {
      await broker.stop();
      await zooKeeper?.stop();
      directory.remove();
    },
  };
}

async function freePorts(): Promise<KafkaPorts> {
  const [plaintext, tls, mtls, sasl, saslTls, controller] = await Promise.all(Array.from({ length: 6 }, freePort));
  if (!plaintext || !tls || !mtls || !sasl || !saslTls || !controller) throw new Error('no port was given');
  return { plaintext, tls, mtls, sasl, saslTls, controller };
}

/** Whether somebody accepts connections there. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, 'localhost');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Calls `work` as the administrator that everybody is on the listener without TLS. */
export async function administer<Result>(broker: string, work: (admin: Admin) => Promise<Result>): Promise<Result> {
  const admin = new Admin({ clientId: 'test-administrator', bootstrapBrokers: [broker], retries: 20, retryDelay: 100 });
  try {
    return await work(admin);
  } finally {
    await admin.close();
  }
}

/** A broker listens before it knows of itself, and knows of itself before it gives numbers to producers. */
async function untilWritable(port: number): Promise<void> {
  for (let tries = 0; tries < READY_TRIES; tries += 1) {
    const connection = new Connection('test-administrator');
    // An event that nobody takes would end the process.
    connection.on('error', () => undefined);
    try {
      await connection.connect('localhost', port);
      await initProducerIdV0.api.async(connection, null, 0, 0n, 0);
      return;
    } catch {
      // It is asked again.
    } finally {
      connection.socket?.destroy();
    }
    await sleep(READY_POLL_MILLIS);
  }
  throw new Error('Kafka gives no producer ids');
}

/** How one version is run. */
interface BrokerParts {
  readonly command: { readonly program: string; readonly arguments: readonly string[]; readonly logFile: string };
  startZooKeeper(): Promise<ServerProcess | undefined>;
  /** Before the first start: the storage, the accounts. */
  prepare(): void;
}

function classPath(version: KafkaVersion): string[] {
  return ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-cp', `${fetchedServer(`kafka-${version}`)}/*`];
}

/** Any; the storage wants one. */
const CLUSTER_ID = 'MkU3OEVBNTcwNTJENDM2Qg';

function modernBroker(directory: string): BrokerParts {
  const properties = join(directory, 'server.properties');
  const java = [...SMALL_JAVA, ...classPath('4.3.1')];
  return {
    command: { program: 'java', arguments: [...java, 'kafka.Kafka', properties], logFile: join(directory, 'log') },
    startZooKeeper: async () => undefined,
    prepare() {
      const format = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', properties];
      const accounts = SCRAM_MECHANISMS.flatMap((mechanism) => [
        '--add-scram',
        `${mechanism}=[name=${KAFKA_USER},password=${KAFKA_PASSWORD}]`,
      ]);
      execFileSync('java', [...java, ...format, ...accounts], { stdio: 'pipe' });
    },
  };
}

function oldBroker(directory: string, ports: KafkaPorts): BrokerParts {
  const program = oldJava() ?? 'java';
  const java = [...SMALL_JAVA, ...classPath('2.1.1')];
  const zooKeeperSettings = join(directory, 'zookeeper.properties');
  const zooKeeper = `localhost:${ports.controller}`;
  return {
    command: {
      program,
      arguments: [...java, 'kafka.Kafka', join(directory, 'server.properties')],
      logFile: join(directory, 'log'),
    },
    startZooKeeper() {
      const lines = [`dataDir=${directory}/zookeeper`, `clientPort=${ports.controller}`, 'clientPortAddress=localhost'];
      // Sessions last two ticks at least.
      writeFileSync(zooKeeperSettings, `${[...lines, `tickTime=${OLD_SESSION_MILLIS / 2}`].join('\n')}\n`);
      const server = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
      return ServerProcess.start(
        { program, arguments: [...java, server, zooKeeperSettings], logFile: join(directory, 'zookeeper.log') },
        () => answers(ports.controller),
      );
    },
    prepare() {
      const accounts = SCRAM_MECHANISMS.map((mechanism) => `${mechanism}=[password=${KAFKA_PASSWORD}]`).join(',');
      const entity = ['--entity-type', 'users', '--entity-name', KAFKA_USER];
      const change = ['--zookeeper', zooKeeper, '--alter', '--add-config', accounts, ...entity];
      execFileSync(program, [...java, 'kafka.admin.ConfigCommand', ...change], { stdio: 'pipe' });
    },
  };
}
