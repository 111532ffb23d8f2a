import {
  type Connection,
  produceV3,
  produceV4,
  produceV5,
  produceV6,
  produceV7,
  produceV8,
  ResponseError,
  Writer,
} from '@platformatic/kafka';

/** Requests are the same in all of them; 8 tells which record is wrong. Kafka 4 takes 3 and newer, 2.1 up to 7. */
const VERSIONS = [produceV8, produceV7, produceV6, produceV5, produceV4, produceV3] as const;

const PRODUCE = produceV8.api.key;

interface PartitionBatch {
  readonly partition: number;
  readonly bytes: Buffer;
}

/** What the broker says of one partition. */
export interface PartitionAnswer {
  readonly partition: number;
  readonly errorCode: number;
  readonly words: string;
  /** Records it names as wrong, by their place in the batch. */
  readonly wrongRecords: readonly { readonly index: number; readonly words: string }[];
}

export interface ProduceRequest {
  readonly topic: string;
  readonly acks: 'all' | 'leader';
  readonly timeoutMillis: number;
  readonly batches: readonly PartitionBatch[];
}

/**
 * Sends record batches to the leader of their partitions. https://kafka.apache.org/protocol.html#The_Messages_Produce
 * @param maxVersion the newest version of the request that the broker takes
 * @returns the broker's answer for each partition; rejects where there is none
 */
export async function produce(
  connection: Connection,
  maxVersion: number,
  request: ProduceRequest,
): Promise<PartitionAnswer[]> {
  const { api, parseResponse } = VERSIONS.find((version) => version.api.version <= maxVersion) ?? produceV3;
  const response = await new Promise<produceV8.ProduceResponse | undefined>((resolve, reject) => {
    connection.send(
      PRODUCE,
      api.version,
      () => encode(request),
      parseResponse,
      false,
      false,
      (error, answer) => {
        // Refusals are answers too; the client makes an error of them.
        if (error instanceof ResponseError && isProduceResponse(error.response)) resolve(error.response);
        else if (error === null) resolve(answer);
        else reject(error);
      },
    );
  });
  return (response?.responses ?? []).flatMap(({ partitionResponses }) =>
    partitionResponses.map(({ index, errorCode, errorMessage, recordErrors }) => ({
      partition: index,
      errorCode,
      words: errorMessage ?? '',
      wrongRecords: recordErrors.map((one) => ({ index: one.batchIndex, words: one.batchIndexErrorMessage ?? '' })),
    })),
  );
}

function encode({ topic, acks, timeoutMillis, batches }: ProduceRequest): Writer {
  return Writer.create()
    .appendString(null, false)
    .appendInt16(acks === 'all' ? -1 : 1)
    .appendInt32(timeoutMillis)
    .appendInt32(1)
    .appendString(topic, false)
    .appendArray(
      [...batches],
      (writer, { partition, bytes }) => {
        writer.appendInt32(partition).appendInt32(bytes.length).append(bytes);
      },
      false,
      false,
    );
}

function isProduceResponse(response: unknown): response is produceV8.ProduceResponse {
  return typeof response === 'object' && response !== null && 'responses' in response;
}
