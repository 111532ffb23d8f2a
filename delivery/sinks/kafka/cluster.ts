import { isIP } from 'node:net';
import { apiVersionsV0, Connection, metadataV4, ResponseError } from '@platformatic/kafka';
import { readSecretFile } from '../../connection/secret-file.ts';
import { readTlsFiles } from '../../connection/tls-files.ts';
import { TryAgain } from '../failure.ts';
import { type Circumstances, kafkaFailure, refusalFailure } from './kafka-failure.ts';
import type { KafkaConnectionSettings } from './settings.ts';

/** Leaders move and partitions are added without anybody telling us; what fails is asked for anew at once. */
const METADATA_MILLIS = 300_000;

/** As the client names them. */
export const MECHANISMS = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
} as const;

/** A broker that we are connected to. */
export interface BrokerLink {
  readonly connection: Connection;
  /** The newest version of each request that it takes. */
  readonly versions: ReadonlyMap<number, number>;
  readonly circumstances: Circumstances;
}

/** By the partitions' numbers: where its leader is, `host:port`; undefined while there is none. */
export type Leaders = readonly (string | undefined)[];

/** The connections to the brokers of a cluster: made when they are needed, with the files' content of that moment. */
export class Cluster {
  readonly #settings: KafkaConnectionSettings;
  readonly #links = new Map<string, BrokerLink>();
  /** Those that are being made too. */
  readonly #connections = new Set<Connection>();
  #leaders: Leaders | undefined;
  #leadersUntil = 0;

  constructor(settings: KafkaConnectionSettings) {
    this.#settings = settings;
  }

  /** The leader of each partition of the topic. @throws TryAgain or WrongConfiguration */
  async leaders(): Promise<Leaders> {
    if (this.#leaders === undefined || Date.now() > this.#leadersUntil) {
      const { connection, circumstances } = await this.anyBroker();
      this.#leaders = await readLeaders(connection, this.#settings.topic, circumstances);
      this.#leadersUntil = Date.now() + METADATA_MILLIS;
    }
    return this.#leaders;
  }

  /** Leaders are asked for anew before the next use. */
  forgetLeaders(): void {
    this.#leaders = undefined;
  }

  /**
   * One that we are connected to, or the first of the settings that answers.
   * @throws what the last one said, or who did not let us in
   */
  async anyBroker(): Promise<BrokerLink> {
    for (const link of this.#links.values()) if (link.connection.isConnected()) return link;
    const failures: unknown[] = [];
    for (const address of this.#settings.brokers) {
      try {
        return await this.broker(address);
      } catch (error) {
        failures.push(error);
      }
    }
    // Who is wrongly configured says more than who is away.
    throw failures.find((failure) => !(failure instanceof TryAgain)) ?? failures.at(-1);
  }

  /** @param address `host:port` @throws TryAgain or WrongConfiguration */
  async broker(address: string): Promise<BrokerLink> {
    const known = this.#links.get(address);
    if (known?.connection.isConnected() === true) return known;
    this.#links.delete(address);
    if (known !== undefined) this.#drop(known.connection);
    let brokenBy: Error | undefined;
    const circumstances = { ...this.circumstances(address), brokenBy: () => brokenBy };
    const connection = await this.#connect(address, circumstances);
    connection.on('error', (error) => {
      brokenBy = error;
    });
    try {
      const { apiKeys } = await apiVersionsV0.api.async(connection, '', '');
      const versions = new Map(apiKeys.map(({ apiKey, maxVersion }) => [apiKey, maxVersion]));
      if (!connection.isConnected()) throw new Error('Connection closed');
      const link = { connection, versions, circumstances };
      this.#links.set(address, link);
      return link;
    } catch (error) {
      this.#drop(connection);
      throw kafkaFailure(error, circumstances);
    }
  }

  /** Lets go of every connection at once; what waits for an answer fails. It can be used again. */
  disconnect(): void {
    for (const connection of this.#connections) this.#drop(connection);
    this.#links.clear();
    this.forgetLeaders();
  }

  async #connect(address: string, circumstances: Circumstances): Promise<Connection> {
    const { tls, sasl, clientId, requestTimeoutMillis } = this.#settings;
    const { host, port } = splitAddress(address);
    const [tlsFiles, password] = await Promise.all([
      tls === undefined ? undefined : readTlsFiles(tls),
      sasl === undefined ? undefined : readSecretFile(sasl.passwordFile, 'sasl.passwordFile'),
    ]);
    const serverName = tls?.serverName ?? (isIP(host) === 0 ? host : undefined);
    const connection = new Connection(clientId, {
      connectTimeout: requestTimeoutMillis,
      requestTimeout: requestTimeoutMillis,
      ...(tlsFiles === undefined ? {} : { tls: tlsFiles }),
      ...(serverName === undefined ? {} : { tlsServerName: serverName }),
      ...(sasl === undefined || password === undefined
        ? {}
        : { sasl: { mechanism: MECHANISMS[sasl.mechanism], username: sasl.username, password } }),
    });
    // What fails is told to whoever waits for an answer; an event that nobody takes would end the process.
    connection.on('error', () => {});
    connection.on('close', () => this.#connections.delete(connection));
    this.#connections.add(connection);
    try {
      await connection.connect(host, port);
      return connection;
    } catch (error) {
      this.#drop(connection);
      throw kafkaFailure(error, circumstances);
    }
  }

  /** `close` of the connection would wait until all that was written is sent, which may be never. */
  #drop(connection: Connection): void {
    this.#connections.delete(connection);
    connection.socket?.destroy();
  }

  /** For the words of a failure. @param address `host:port` */
  circumstances(address: string): Circumstances {
    const { topic, tls, sasl, requestTimeoutMillis } = this.#settings;
    return {
      ownCertificate: tls?.certFile !== undefined,
      place: `kafka://${address}/${topic}`,
      topic,
      sasl: sasl === undefined ? undefined : { mechanism: MECHANISMS[sasl.mechanism], username: sasl.username },
      timeoutMillis: requestTimeoutMillis,
    };
  }
}

async function readLeaders(connection: Connection, topic: string, circumstances: Circumstances): Promise<Leaders> {
  const metadata = await readMetadata(connection, topic, circumstances);
  const addresses = new Map(metadata.brokers.map(({ nodeId, host, port }) => [nodeId, joinAddress(host, port)]));
  const partitions = metadata.topics[0]?.partitions ?? [];
  const leaders: (string | undefined)[] = partitions.map(() => undefined);
  for (const { partitionIndex, leaderId } of partitions) leaders[partitionIndex] = addresses.get(leaderId);
  if (leaders.every((leader) => leader === undefined)) {
    throw refusalFailure('LEADER_NOT_AVAILABLE', '', circumstances);
  }
  return leaders;
}

async function readMetadata(
  connection: Connection,
  topic: string,
  circumstances: Circumstances,
): Promise<metadataV4.MetadataResponse> {
  try {
    // Whether a missing topic is created is for the broker to say.
    return await metadataV4.api.async(connection, [topic], true, false);
  } catch (error) {
    const response: unknown = error instanceof ResponseError ? error.response : undefined;
    // Partitions without a leader are errors too, while others can be written to.
    if (isMetadata(response) && response.topics[0]?.errorCode === 0) return response;
    throw kafkaFailure(error, circumstances);
  }
}

function isMetadata(response: unknown): response is metadataV4.MetadataResponse {
  return typeof response === 'object' && response !== null && 'topics' in response && Array.isArray(response.topics);
}

function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}

function joinAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
