import { Consumer, type ConsumerOptions, type Message, type MessagesStream } from '@platformatic/kafka';
import { readSecretFile } from '../../../delivery/connection/secret-file.ts';
import { readTlsFiles } from '../../../delivery/connection/tls-files.ts';
import { MECHANISMS } from '../../../delivery/sinks/kafka/cluster.ts';
import type { SourceMessage } from './messages.ts';
import type { KafkaSourceSettings } from './settings.ts';

/** Of one answer of a broker, compressed; events are some ten times as large, and wait in memory with what is decoded of them. */
const FETCH_BYTES = 1_048_576;
const PARTITION_BYTES = 524_288;
/** A broker that has nothing new answers after this time. */
const FETCH_WAIT_MILLIS = 500;
/** Messages that wait in memory before no more are fetched. */
const MAX_WAITING = 4_000;
const MAX_WAITING_BYTES = 16 * 1_048_576;
/** Taken at once. */
const MAX_BATCH = 2_000;
/** Of one request; afterwards the connection is made anew. */
const RETRIES = 3;
const RETRY_MILLIS = 250;
const LAG_EVERY_MILLIS = 10_000;
const HEARTBEATS_PER_SESSION = 6;

type Stream = MessagesStream<Buffer, Buffer, Buffer, Buffer>;

/**
 * One consumer of a group, as long as its connection lasts. What is read is committed by whoever reads it; after each change
 * of the group's members reading begins anew at what is committed, and what waited in memory is forgotten.
 */
export class Membership {
  readonly #consumer: Consumer;
  readonly #settings: KafkaSourceSettings;
  #stream: Stream | undefined;
  #waiting: SourceMessage[] = [];
  #waitingBytes = 0;
  /** Whether the partitions are still those of the present stream. */
  #isCurrent = false;
  #failure: Error | undefined;
  #isClosed = false;
  #wake: () => void = () => undefined;
  #lag: number | undefined;

  private constructor(settings: KafkaSourceSettings, consumer: Consumer) {
    this.#settings = settings;
    this.#consumer = consumer;
    consumer.on('consumer:group:join', () => this.#restart());
    // One heartbeat that fails is tried again; without any for long the others have our partitions.
    consumer.on('consumer:heartbeat:stalled', ({ lastError }) =>
      this.#fail(lastError ?? new Error('Request timed out')),
    );
    consumer.on('error', (error) => this.#fail(error));
    consumer.on('consumer:lag', (lags) => {
      this.#lag = [...lags.values()].flat().reduce((sum, lag) => sum + (lag > 0n ? Number(lag) : 0), 0);
    });
  }

  static async open(settings: KafkaSourceSettings): Promise<Membership> {
    const membership = new Membership(settings, new Consumer(await optionsOf(settings)));
    membership.#consumer.startLagMonitoring({ topics: [...settings.topics] }, LAG_EVERY_MILLIS);
    return membership;
  }

  /** Messages behind what is committed, of our partitions; undefined where that is not known yet. */
  get lag(): number | undefined {
    return this.#lag;
  }

  get partitions(): number {
    return (this.#consumer.assignments ?? []).reduce((sum, { partitions }) => sum + partitions.length, 0);
  }

  /** The next messages, each once until the group changes; undefined once it is closed. Rejects when the connection is lost. */
  async next(): Promise<readonly SourceMessage[] | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#isClosed) return undefined;
      if (!this.#isCurrent) await this.#begin();
      else if (this.#waiting.length > 0) return this.#take();
      else await this.#sleep();
    }
  }

  /** What is durable up to, not including, `offset`. What is not ours any more is left to whoever has it. */
  async commit(last: SourceMessage): Promise<void> {
    const { topic, partition, offset, leaderEpoch } = last;
    const own = this.#consumer.assignments?.some((one) => one.topic === topic && one.partitions.includes(partition));
    if (own !== true || !this.#consumer.isActive()) return;
    await this.#consumer.commit({ offsets: [{ topic, partition, offset: offset + 1n, leaderEpoch }] });
  }

  /** Whether what `next` gave is still ours to work on. */
  get isCurrent(): boolean {
    return this.#isCurrent && !this.#isClosed;
  }

  /** Ends waiting; `leave` has still to be called. */
  end(): void {
    this.#isClosed = true;
    this.#wake();
  }

  /** Lets the others have the partitions at once. */
  async leave(): Promise<void> {
    this.end();
    this.#stream?.destroy();
    await this.#consumer.close(true);
  }

  async #begin(): Promise<void> {
    this.#stream?.destroy();
    this.#stream = undefined;
    this.#isCurrent = true;
    const stream = await this.#consumer.consume({
      topics: [...this.#settings.topics],
      mode: 'committed',
      fallbackMode: 'earliest',
      autocommit: false,
      maxBytes: FETCH_BYTES,
      maxBytesPerPartition: PARTITION_BYTES,
      maxWaitTime: FETCH_WAIT_MILLIS,
    });
    // Joining for the first time says so too; it is before there is a stream.
    this.#isCurrent = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#stream = stream;
    stream.on('error', (error) => {
      if (this.#stream === stream) this.#fail(error);
    });
    stream.on('data', (message) => {
      if (this.#stream === stream) this.#add(message, stream);
    });
  }

  #add({ topic, partition, offset, leaderEpoch, value }: Message, stream: Stream): void {
    this.#waiting.push({ topic, partition, offset, leaderEpoch, value: value ?? undefined });
    this.#waitingBytes += value?.length ?? 0;
    if (this.#waiting.length >= MAX_WAITING || this.#waitingBytes >= MAX_WAITING_BYTES) stream.pause();
    this.#wake();
  }

  #take(): readonly SourceMessage[] {
    const taken = this.#waiting.splice(0, MAX_BATCH);
    this.#waitingBytes -= taken.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    if (this.#stream?.isPaused() === true && this.#waiting.length < MAX_BATCH) this.#stream.resume();
    return taken;
  }

  #restart(): void {
    this.#isCurrent = false;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#wake();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#isCurrent = false;
    this.#wake();
  }

  #sleep(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    return promise;
  }
}

async function optionsOf(settings: KafkaSourceSettings): Promise<ConsumerOptions<Buffer, Buffer, Buffer, Buffer>> {
  const { brokers, clientId, group, requestTimeoutMillis, sasl, sessionTimeoutMillis, tls } = settings;
  return {
    clientId,
    groupId: group,
    bootstrapBrokers: [...brokers],
    connectTimeout: requestTimeoutMillis,
    requestTimeout: requestTimeoutMillis + FETCH_WAIT_MILLIS,
    timeout: requestTimeoutMillis,
    retries: RETRIES,
    retryDelay: RETRY_MILLIS,
    autocreateTopics: false,
    sessionTimeout: sessionTimeoutMillis,
    rebalanceTimeout: sessionTimeoutMillis * 2,
    heartbeatInterval: Math.floor(sessionTimeoutMillis / HEARTBEATS_PER_SESSION),
    ...(tls === undefined ? {} : { tls: await readTlsFiles(tls), tlsServerName: tls.serverName ?? true }),
    ...(sasl === undefined
      ? {}
      : {
          sasl: {
            mechanism: MECHANISMS[sasl.mechanism],
            username: sasl.username,
            password: () => readSecretFile(sasl.passwordFile, 'sasl.passwordFile'),
          },
        }),
  };
}
