import { fetchV4, listOffsetsV1 } from '@platformatic/kafka';
import { eventIdOf } from '../../event-id.ts';
import { TryAgain } from '../failure.ts';
import type { ReadBack } from '../sink.ts';
import type { Cluster } from './cluster.ts';
import { kafkaFailure } from './kafka-failure.ts';

/** https://kafka.apache.org/protocol.html#The_Messages_ListOffsets: behind the last record. */
const LATEST = -1n;
/** A broker that has nothing new answers after this time. */
const FETCH_WAIT_MILLIS = 200;
/** A canary is small; what else comes meanwhile is read in pieces. */
const FETCH_BYTES = 1_048_576;
/** Of a consumer; others are replicas. */
const CONSUMER = -1;

/** Reads what comes into a topic from now on, without a consumer group, and looks for events in it. */
export class TopicReader implements ReadBack {
  readonly #cluster: Cluster;
  readonly #topic: string;
  /** By partition: what is read next. */
  readonly #offsets: Map<number, bigint>;
  readonly #found = new Set<string>();

  private constructor(cluster: Cluster, topic: string, offsets: Map<number, bigint>) {
    this.#cluster = cluster;
    this.#topic = topic;
    this.#offsets = offsets;
  }

  /** @throws TryAgain or WrongConfiguration */
  static async open(cluster: Cluster, topic: string): Promise<TopicReader> {
    const offsets = new Map<number, bigint>();
    for (const [leader, partitions] of await partitionsByLeader(cluster)) {
      const { connection, circumstances } = await cluster.broker(leader);
      const wanted = partitions.map((partitionIndex) => ({
        partitionIndex,
        currentLeaderEpoch: -1,
        timestamp: LATEST,
      }));
      try {
        const { topics } = await listOffsetsV1.api.async(connection, CONSUMER, 0, [
          { name: topic, partitions: wanted },
        ]);
        for (const one of topics.flatMap((answer) => answer.partitions)) offsets.set(one.partitionIndex, one.offset);
      } catch (error) {
        throw kafkaFailure(error, { ...circumstances, reading: true });
      }
    }
    return new TopicReader(cluster, topic, offsets);
  }

  async has(eventId: string, signal: AbortSignal): Promise<boolean> {
    for (const [leader, partitions] of await partitionsByLeader(this.#cluster)) {
      if (signal.aborted) throw new TryAgain('DBA4007', 'was given up');
      await this.#read(leader, partitions, eventId);
    }
    return this.#found.has(eventId);
  }

  async close(): Promise<void> {
    this.#cluster.disconnect();
  }

  async #read(leader: string, partitions: readonly number[], eventId: string): Promise<void> {
    const { connection, circumstances } = await this.#cluster.broker(leader);
    const wanted = partitions.map((partition) => ({
      partition,
      currentLeaderEpoch: -1,
      fetchOffset: this.#offsets.get(partition) ?? 0n,
      lastFetchedEpoch: -1,
      partitionMaxBytes: FETCH_BYTES,
    }));
    // Version 4 has the topic's name where newer ones have its id.
    const topics = [{ topicId: this.#topic, partitions: wanted }];
    try {
      const answer = await fetchV4.api.async(connection, FETCH_WAIT_MILLIS, 1, FETCH_BYTES, 0, 0, -1, topics, [], '');
      for (const partition of answer.responses.flatMap((response) => response.partitions))
        this.#take(partition, eventId);
    } catch (error) {
      throw kafkaFailure(error, { ...circumstances, reading: true });
    }
  }

  #take({ partitionIndex, records }: fetchV4.FetchResponsePartition, eventId: string): void {
    for (const { firstOffset, lastOffsetDelta, records: messages } of records ?? []) {
      this.#offsets.set(partitionIndex, firstOffset + BigInt(lastOffsetDelta) + 1n);
      if (messages.some(({ value }) => value !== null && eventIdOf(value) === eventId)) this.#found.add(eventId);
    }
  }
}

async function partitionsByLeader(cluster: Cluster): Promise<Map<string, number[]>> {
  const byLeader = new Map<string, number[]>();
  (await cluster.leaders()).forEach((leader, partition) => {
    if (leader !== undefined) byLeader.set(leader, [...(byLeader.get(leader) ?? []), partition]);
  });
  return byLeader;
}
