import * as z from 'zod';
import { TryAgain, WrongConfiguration } from '../../../delivery/sinks/failure.ts';
import { type NodeResponse, Nodes } from '../../../delivery/sinks/opensearch/nodes.ts';
import {
  jsonOf,
  requestFailure,
  serverErrorOf,
  serverErrorSchema,
  wordsOf as serversWords,
} from '../../../delivery/sinks/opensearch/server-error.ts';
import { QueryProblem, QueryTooLarge, StoreBusy } from '../failure.ts';
import type { OpenSearchStoreSettings } from './settings.ts';

/** People do not wait longer for a page, and others wait for their turn. */
const QUESTION_MILLIS = 30_000;
/** The server stops first, and says so. */
const SERVER_SHARE = 0.9;
/** Some 500 events with long statements. */
const MAX_REPLY_BYTES = 67_108_864;
/** A page asks a dozen questions at once; more wait for their turn. */
const MAX_SOCKETS = 8;
const JSON_HEADERS = { 'content-type': 'application/json' };
/** What a question is about that would take too much of the server. */
const TOO_LARGE =
  /^(too_many_buckets|circuit_breaking|too_complex_to_determinize|too_many_nested_clauses|too_many_clauses|search_timeout|task_cancelled|time_exceeded)_exception$/;

const rootCauses = z.object({ error: z.object({ root_cause: z.array(serverErrorSchema) }) });

interface ClusterRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: object | Buffer | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** An OpenSearch cluster as a store: its answers, and its failures in the words of store/failure.ts. */
export class SearchCluster {
  readonly #reading: Nodes;
  /** Not behind questions that take long. */
  readonly #writing: Nodes;

  constructor({ urls, tls, requestTimeoutMillis, ...credentials }: OpenSearchStoreSettings) {
    const { username, passwordFile, apiKeyFile, bearerFile } = credentials;
    const options = {
      urls,
      tls,
      credentials: { username, passwordFile, apiKeyFile, bearerFile },
      maxReplyBytes: MAX_REPLY_BYTES,
      maxSockets: MAX_SOCKETS,
    };
    this.#reading = new Nodes({ ...options, requestTimeoutMillis: QUESTION_MILLIS });
    this.#writing = new Nodes({ ...options, requestTimeoutMillis });
  }

  /** Any answer. @throws StoreBusy where there is none */
  async ask(request: ClusterRequest): Promise<NodeResponse> {
    try {
      return await send(this.#writing, request);
    } catch (error) {
      throw busy(error);
    }
  }

  /** An answer of 200. @throws StoreBusy */
  async tell<Schema extends z.ZodType>(request: ClusterRequest, schema: Schema): Promise<z.infer<Schema>> {
    const response = await this.ask(request);
    if (response.status !== 200) throw busy(requestFailure(response, `${response.origin}/${request.path}`));
    return schema.parse(jsonOf(response));
  }

  /**
   * The answer to a search.
   * @throws StoreBusy, QueryTooLarge, QueryProblem; or what `signal` was given up for
   */
  async search<Schema extends z.ZodType>(
    indexes: string,
    body: object,
    schema: Schema,
    signal?: AbortSignal,
  ): Promise<z.infer<Schema>> {
    const late = AbortSignal.timeout(QUESTION_MILLIS);
    let response: NodeResponse;
    try {
      response = await send(this.#reading, {
        method: 'POST',
        path: `${indexes}/_search?allow_partial_search_results=false&ignore_unavailable=true`,
        body: { ...body, timeout: `${QUESTION_MILLIS * SERVER_SHARE}ms` },
        signal: signal === undefined ? late : AbortSignal.any([signal, late]),
      });
    } catch (error) {
      signal?.throwIfAborted();
      if (late.aborted) throw tooSlow();
      if (error instanceof WrongConfiguration && /with more than \d+ bytes/.test(error.message)) {
        throw new QueryTooLarge('the answer is too large: ask for fewer events');
      }
      throw busy(error);
    }
    if (response.status !== 200) throw questionFailure(response);
    const answer: unknown = jsonOf(response);
    if (typeof answer === 'object' && answer !== null && 'timed_out' in answer && answer.timed_out === true) {
      throw tooSlow();
    }
    return schema.parse(answer);
  }

  async close(): Promise<void> {
    await Promise.all([this.#reading.close(), this.#writing.close()]);
  }
}

function send(nodes: Nodes, { method, path, body, headers, signal }: ClusterRequest): Promise<NodeResponse> {
  return nodes.request({
    method,
    path,
    signal: signal ?? new AbortController().signal,
    ...(body === undefined
      ? {}
      : Buffer.isBuffer(body) || typeof body === 'string'
        ? { body, headers: headers ?? JSON_HEADERS }
        : { body: JSON.stringify(body), headers: JSON_HEADERS }),
  });
}

/** What does not pass by itself is tried again too: an event is kept by its source until somebody mended it. */
export function busy(error: unknown): unknown {
  if (error instanceof TryAgain) return new StoreBusy(error.message, error.afterMillis);
  if (error instanceof WrongConfiguration) return new StoreBusy(`${error.message}; ${error.nextStep}`);
  return error instanceof Error && error.name === 'PoisonBatch' ? new StoreBusy(error.message) : error;
}

function tooSlow(): QueryTooLarge {
  return new QueryTooLarge(
    `the answer takes longer than ${QUESTION_MILLIS / 1_000} s: ask for less time, or more narrowly`,
  );
}

function questionFailure(response: NodeResponse): unknown {
  const error = serverErrorOf(response);
  const types = [error?.type, error?.caused_by?.type].filter((type) => type !== undefined);
  // Of what failed on a shard the outer error says no more than that.
  const cause = rootCauses.safeParse(jsonOf(response)).data?.error.root_cause[0] ?? error;
  const words = cause === undefined ? `${response.status}` : serversWords(cause, response);
  const isTooLarge =
    types.some((type) => TOO_LARGE.test(type)) ||
    /too_many_buckets|circuit_breaking|too_complex|Determinizing|max.?clause|too many (nested )?clauses/i.test(
      response.body.toString('utf8'),
    );
  if (isTooLarge) return new QueryTooLarge('this is too much for OpenSearch: ask for less time, or more narrowly');
  if (response.status === 400) return new QueryProblem(`OpenSearch cannot answer this: ${words}`);
  if (response.status === 500) return new QueryProblem(`OpenSearch failed to answer this: ${words}`);
  return busy(requestFailure(response, response.origin));
}
