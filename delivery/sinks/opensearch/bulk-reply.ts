import * as z from 'zod';
import { retryAfterMillis } from '../../connection/http-failure.ts';
import { TryAgain, WrongConfiguration } from '../failure.ts';
import type { PartlyTaken, RefusedLine } from '../sink.ts';
import type { NodeResponse } from './nodes.ts';
import { isBlock, jsonOf, type ServerError, serverErrorSchema, wordsOf } from './server-error.ts';

/** `filter_path` of `_bulk`: no more than what is read here. Each item has a status, so none is left out of the list. */
export const BULK_REPLY_FIELDS =
  'errors,error.type,error.reason,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.type';

/** How the answer begins where all is well: nothing else in it matters then. */
const ALL_TAKEN = Buffer.from('{"errors":false');

const itemSchema = z.object({ status: z.int(), error: serverErrorSchema.optional() });
const replySchema = z.object({ errors: z.boolean(), items: z.array(z.object({ create: itemSchema })) });

type Item = z.infer<typeof itemSchema>;

/**
 * `config`: of the index, our rights or the pipeline. `doubtful`: the server does not want it, and it may be the document or
 * the configuration.
 */
type Verdict = 'taken' | 'refused' | 'again' | 'config' | 'doubtful';

/** It is about this document alone. Elasticsearch 8 has words of its own. */
const DOCUMENT_ERRORS = new Set([
  'mapper_parsing_exception',
  'document_parsing_exception',
  'strict_dynamic_mapping_exception',
  'max_bytes_length_exceeded_exception',
]);

/** Field names may come from content where a mapping is dynamic; those that look like names of ours do not. */
const FIELD = /field(?: \[|=")([\w.@-]{1,128})(?:\]|")(?: of type \[(\w{1,32})\])?/;

/**
 * What has become of each line.
 * @param count lines sent
 * @param place the data stream and the node, for people
 * @throws TryAgain or WrongConfiguration where none was taken and none was refused for itself
 */
export function readBulkReply(response: NodeResponse, count: number, place: string): PartlyTaken | undefined {
  if (response.body.subarray(0, ALL_TAKEN.length).equals(ALL_TAKEN)) return undefined;
  const items = replySchema.safeParse(jsonOf(response)).data?.items.map(({ create }) => create);
  if (items === undefined || items.length !== count) {
    throw new WrongConfiguration(
      'DBA4006',
      `${place}: the answer is not that of _bulk`,
      'check urls: host, port and path',
    );
  }
  const verdicts = items.map(verdictOn);
  const settled = verdicts.some((verdict) => verdict === 'taken' || verdict === 'refused');
  if (!settled) throw failureOf(items, verdicts, response, place);
  const refused: RefusedLine[] = [];
  const again: number[] = [];
  items.forEach(({ error }, index) => {
    const verdict = verdicts[index];
    // Where the configuration let others pass, it is the document's fault.
    if (verdict === 'refused' || verdict === 'doubtful') refused.push({ index, reason: reasonOf(error, response) });
    else if (verdict !== 'taken') again.push(index);
  });
  if (refused.length === 0 && again.length === 0) return undefined;
  return { refused, again, afterMillis: retryAfterMillis(response.headers['retry-after']) };
}

function verdictOn({ status, error }: Item): Verdict {
  // A conflict: the event is there already.
  if (status < 300 || status === 409) return 'taken';
  if (status === 429 || status >= 500 || (error !== undefined && isBlock(error))) return 'again';
  if (status !== 400) return 'config';
  if (error === undefined) return 'doubtful';
  return DOCUMENT_ERRORS.has(error.type) || DOCUMENT_ERRORS.has(error.caused_by?.type ?? '') ? 'refused' : 'doubtful';
}

function failureOf(
  items: readonly Item[],
  verdicts: readonly Verdict[],
  response: NodeResponse,
  place: string,
): TryAgain | WrongConfiguration {
  const first = items.find((_, index) => verdicts[index] !== 'again');
  if (first === undefined) {
    const words = items[0] === undefined ? '' : said(items[0], response);
    return new TryAgain('DBA4007', `${place}: ${words}`, retryAfterMillis(response.headers['retry-after']));
  }
  const { status } = first;
  const message = `${place}: ${said(first, response)}`;
  if (status === 401) return new WrongConfiguration('DBA4001', message, 'check the account and its file');
  if (status === 403)
    return new WrongConfiguration('DBA4004', message, 'give the account the right to create documents');
  if (status === 404)
    return new WrongConfiguration('DBA4003', message, 'create the data stream, or set installTemplate');
  return new WrongConfiguration(
    'DBA4010',
    message,
    'mend what the server names: the pipeline, the index or its settings',
  );
}

function said({ status, error }: Item, response: NodeResponse): string {
  if (error === undefined) return `${status}`;
  // What a pipeline or a mapping says of a document may quote it.
  const aboutDocument =
    status === 400 && !/^(pipeline with id|no write index|.*maximum .*shards)/.test(error.reason ?? '');
  return `${status} ${aboutDocument ? reasonOf(error, response) : wordsOf(error, response)}`;
}

/** Type and field. The server's own words quote values. */
function reasonOf(error: ServerError | undefined, { harmless }: NodeResponse): string {
  if (error === undefined) return 'refused without a reason';
  const { type, reason, caused_by } = error;
  const [, field, fieldType] = FIELD.exec(reason ?? '') ?? [];
  const where = field === undefined ? '' : `: field ${field}${fieldType === undefined ? '' : ` of type ${fieldType}`}`;
  return harmless(`${type}${where}${caused_by === undefined ? '' : ` (${caused_by.type})`}`);
}
