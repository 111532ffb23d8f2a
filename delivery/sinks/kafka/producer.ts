import { protocolErrorsCodesById } from '@platformatic/kafka';
import { type Batch, lineOf } from '../../batch.ts';
import { compress } from '../../connection/compression.ts';
import { eventIdOf, orderingKeyOf } from '../../event-id.ts';
import { PoisonBatch, TryAgain } from '../failure.ts';
import type { PartlyTaken, RefusedLine } from '../sink.ts';
import type { BrokerLink, Cluster } from './cluster.ts';
import { type Circumstances, isInDoubt, type KafkaFailure, kafkaFailure, refusalFailure } from './kafka-failure.ts';
import { BalancedPartitioner, type Partitioner, SessionPartitioner } from './partitions.ts';
import { type PartitionAnswer, produce } from './produce-request.ts';
import { requestIdentity } from './producer-identity.ts';
import { fingerprintOf, type Numbering, ProducerSequence } from './producer-sequence.ts';
import { encodeBatch, RecordWriter } from './record-batch.ts';
import { type KafkaSettings, partitioningOf, wantsIdempotence } from './settings.ts';

const PRODUCE = 0;

/** The same in each record: one event of the schema 1, without its newline. */
const HEADERS = { 'content-type': 'application/json', 'dbaudit-schema': '1' };
const ID_HEADER = 'dbaudit-event-id';

/** Refusals after which the numbers of batches have to begin anew. */
const LOST_NUMBERS = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
]);

/** Lines of one partition, ready to be sent. */
interface PreparedPartition {
  readonly partition: number;
  /** Of its lines in the batch. */
  readonly indexes: readonly number[];
  readonly bytes: Buffer;
  readonly numbering: Numbering;
  readonly fingerprint: string;
}

/** What became of the lines of one partition. */
interface Outcome {
  readonly prepared: Pick<PreparedPartition, 'indexes'>;
  readonly failure: KafkaFailure | undefined;
  readonly refused?: readonly RefusedLine[];
}

/** Writes batches: divides them over the partitions and sends each part to its leader. One call at a time. */
export class Producer {
  readonly #settings: KafkaSettings;
  readonly #cluster: Cluster;
  readonly #partitioner: Partitioner;
  readonly #sequence: ProducerSequence;
  readonly #records = new RecordWriter(HEADERS, ID_HEADER);

  constructor(settings: KafkaSettings, cluster: Cluster, onNotice: (message: string) => void) {
    this.#settings = settings;
    this.#cluster = cluster;
    this.#partitioner = partitioningOf(settings) === 'session' ? new SessionPartitioner() : new BalancedPartitioner();
    this.#sequence = new ProducerSequence(wantsIdempotence(settings), onNotice);
  }

  /** @throws TryAgain, PoisonBatch or WrongConfiguration; some of the lines may have been taken all the same */
  async write(batch: Batch, signal: AbortSignal): Promise<PartlyTaken | undefined> {
    const leaders = await this.#cluster.leaders();
    const prepared = await this.#prepare(batch, this.#partitioner.divide(batch, leaders));
    // The batch was lent until then: what was made of it may be anything.
    if (signal.aborted) throw new TryAgain('DBA4007', 'was given up');
    const byLeader = Map.groupBy(prepared, ({ partition }) => leaders[partition]);
    const outcomes = await Promise.all(
      [...byLeader].map(([leader, parts]) =>
        leader === undefined ? this.#leaderless(parts) : this.#send(leader, parts),
      ),
    );
    return this.#conclude(outcomes.flat());
  }

  async #prepare(batch: Batch, divided: Map<number, number[]>): Promise<PreparedPartition[]> {
    for (;;) {
      await this.#sequence.prepare(async () => requestIdentity(await this.#cluster.anyBroker()));
      const prepared = await this.#prepareOnce(batch, divided);
      if (prepared !== undefined) return prepared;
    }
  }

  /** One partition after the other, in the same memory. */
  async #prepareOnce(batch: Batch, divided: Map<number, number[]>): Promise<PreparedPartition[] | undefined> {
    const { compression } = this.#settings;
    const prepared: PreparedPartition[] = [];
    for (const [partition, indexes] of divided) {
      const records = this.#record(batch, indexes);
      const body = await compress(records.bytes, compression);
      const fingerprint = fingerprintOf(records, body);
      const numbering = this.#sequence.numberFor(partition, fingerprint);
      if (numbering === undefined) return undefined;
      const bytes = encodeBatch(records, body, compression, numbering.identity, numbering.sequence);
      prepared.push({ partition, indexes, bytes, numbering, fingerprint });
    }
    return prepared;
  }

  #record(batch: Batch, indexes: readonly number[]) {
    const now = Date.now();
    this.#records.clear();
    for (const index of indexes) {
      const line = lineOf(batch, index);
      const id = eventIdOf(line);
      const key = id === undefined ? undefined : orderingKeyOf(id);
      this.#records.append(line.subarray(0, line.length - 1), key, id, timestampOf(line) ?? now);
    }
    return this.#records.records();
  }

  async #send(leader: string, parts: readonly PreparedPartition[]): Promise<Outcome[]> {
    let link: BrokerLink;
    try {
      link = await this.#cluster.broker(leader);
    } catch (error) {
      this.#cluster.forgetLeaders();
      return failedAll(parts, kafkaFailure(error, this.#cluster.circumstances(leader)));
    }
    const { topic, acks, requestTimeoutMillis } = this.#settings;
    let answers: PartitionAnswer[];
    try {
      // The broker gives up before we do, so that it can say why.
      const timeoutMillis = Math.floor(requestTimeoutMillis * BROKERS_SHARE_OF_TIMEOUT);
      const request = { topic, acks, timeoutMillis, batches: parts };
      answers = await produce(link.connection, link.versions.get(PRODUCE) ?? 0, request);
    } catch (error) {
      this.#cluster.forgetLeaders();
      for (const { partition, numbering, fingerprint } of parts)
        this.#sequence.doubted(partition, numbering, fingerprint);
      return failedAll(parts, kafkaFailure(error, link.circumstances));
    }
    const byPartition = new Map(answers.map((answer) => [answer.partition, answer]));
    return parts.map((part) => this.#outcome(part, byPartition.get(part.partition), link.circumstances));
  }

  #outcome(part: PreparedPartition, answer: PartitionAnswer | undefined, circumstances: Circumstances): Outcome {
    const name = answer === undefined ? 'UNKNOWN_SERVER_ERROR' : protocolErrorsCodesById[answer.errorCode];
    if (name === 'NONE' || name === 'DUPLICATE_SEQUENCE_NUMBER') {
      this.#sequence.taken(part.partition, part.numbering, part.indexes.length);
      return { prepared: part, failure: undefined };
    }
    if (name === undefined || answer === undefined || isInDoubt(name)) {
      this.#sequence.doubted(part.partition, part.numbering, part.fingerprint);
    } else if (LOST_NUMBERS.has(name)) this.#sequence.startAnew();
    this.#cluster.forgetLeaders();
    // Metadata say whether the topic is gone; a leader that has just got it does not know it yet.
    if (name === 'UNKNOWN_TOPIC_OR_PARTITION') {
      return { prepared: part, failure: refusalFailure('LEADER_NOT_AVAILABLE', '', circumstances) };
    }
    const failure = refusalFailure(name ?? `error ${answer?.errorCode}`, answer?.words ?? '', circumstances);
    const wrong = answer?.wrongRecords ?? [];
    if (!(failure instanceof PoisonBatch) || wrong.length === 0) return { prepared: part, failure };
    return { prepared: part, failure, refused: refusedLines(part, wrong) };
  }

  #leaderless(parts: readonly PreparedPartition[]): Outcome[] {
    this.#cluster.forgetLeaders();
    const [broker = ''] = this.#settings.brokers;
    return failedAll(parts, refusalFailure('LEADER_NOT_AVAILABLE', '', this.#cluster.circumstances(broker)));
  }

  #conclude(outcomes: readonly Outcome[]): PartlyTaken | undefined {
    const failed = outcomes.filter(({ failure }) => failure !== undefined);
    if (failed.length === 0) return undefined;
    const refused = failed.flatMap(({ refused: lines = [] }) => lines);
    const rest = failed.filter(({ refused: lines }) => lines === undefined);
    // What is wrong for good comes first: with it nothing is won by trying again.
    const final = rest.find(({ failure }) => !(failure instanceof TryAgain))?.failure;
    if (final !== undefined) throw final;
    const again = failed.flatMap(({ prepared: { indexes } }) => indexes).filter((index) => !isAmong(refused, index));
    if (refused.length === 0 && failed.length === outcomes.length) throw failed[0]?.failure;
    return { refused, again: again.sort((a, b) => a - b) };
  }
}

const BROKERS_SHARE_OF_TIMEOUT = 0.8;

function failedAll(parts: readonly PreparedPartition[], failure: KafkaFailure): Outcome[] {
  return parts.map((prepared) => ({ prepared, failure }));
}

function refusedLines({ indexes }: PreparedPartition, wrong: PartitionAnswer['wrongRecords']): RefusedLine[] {
  return wrong.flatMap(({ index, words }) => {
    const line = indexes[index];
    return line === undefined ? [] : [{ index: line, reason: words || 'the broker takes no such record' }];
  });
}

function isAmong(refused: readonly RefusedLine[], index: number): boolean {
  return refused.some((one) => one.index === index);
}

const TIMESTAMP = Buffer.from('{"@timestamp":"');
/** `2026-01-02T03:04:05.678`; what is behind it is finer than a message's time. */
const MILLISECONDS_LENGTH = 23;

/** The event's time, in Unix milliseconds; undefined where the line does not begin with one. */
function timestampOf(line: Buffer): number | undefined {
  if (line.compare(TIMESTAMP, 0, TIMESTAMP.length, 0, TIMESTAMP.length) !== 0) return undefined;
  const start = TIMESTAMP.length;
  const at = Date.parse(`${line.latin1Slice(start, start + MILLISECONDS_LENGTH)}Z`);
  return Number.isNaN(at) ? undefined : at;
}
