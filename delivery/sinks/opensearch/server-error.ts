import * as z from 'zod';
import type { HttpResponse } from '../../connection/http-client.ts';
import { httpFailure } from '../../connection/http-failure.ts';
import { PoisonBatch, TryAgain, WrongConfiguration } from '../failure.ts';
import type { NodeResponse } from './nodes.ts';

/** What the server says of something that it did not do. `reason` may quote what it was sent. */
export const serverErrorSchema = z.object({
  type: z.string(),
  reason: z.string().nullish(),
  caused_by: z.object({ type: z.string() }).optional(),
});

export type ServerError = z.infer<typeof serverErrorSchema>;

const errorReply = z.object({ error: serverErrorSchema });

/** The request could not be read: it is about something in it, not about where it leads. */
const UNREADABLE =
  /^(json_parse|json_e_o_f|stream_read|unexpected_end_of_input|x_content_parse|parse|parsing|action_request_validation)_exception$/;

/** The answer's JSON; undefined where it is none. */
export function jsonOf({ body }: HttpResponse): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

export function serverErrorOf(response: HttpResponse): ServerError | undefined {
  return errorReply.safeParse(jsonOf(response)).data?.error;
}

/** The server's words about its state, its indexes or our rights. Not for what it says of a document: that quotes it. */
export function wordsOf({ type, reason }: ServerError, { harmless }: NodeResponse): string {
  return harmless(reason === undefined || reason === null ? type : `${type}: ${reason}`);
}

/** Whether writes are blocked for now, whatever the status: a full disk, no elected manager, a recovery. */
export function isBlock({ type }: ServerError): boolean {
  return type === 'cluster_block_exception';
}

/**
 * What an answer to a whole request means that is no success.
 * @param place what was asked for at which node, for people
 */
export function requestFailure(response: NodeResponse, place: string): TryAgain | PoisonBatch | WrongConfiguration {
  const error = serverErrorOf(response);
  if (error !== undefined && isBlock(error)) return new TryAgain('DBA4007', `${place}: ${wordsOf(error, response)}`);
  if (response.status === 400) {
    if (error === undefined) {
      return new WrongConfiguration(
        'DBA4006',
        `${place}: answers 400, but not as OpenSearch does`,
        'check urls: host, port, and https or http',
      );
    }
    if (isUnreadable(error)) return new PoisonBatch(`${place}: cannot read the request (${error.type})`);
    return new WrongConfiguration('DBA4010', `${place}: ${wordsOf(error, response)}`, 'mend what the server names');
  }
  return httpFailure(response, place, error === undefined ? '' : wordsOf(error, response));
}

function isUnreadable({ type, reason }: ServerError): boolean {
  return UNREADABLE.test(type) || (type === 'illegal_argument_exception' && reason?.startsWith('Malformed') === true);
}
