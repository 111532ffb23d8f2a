import { OK, type Outcome } from '../activity.ts';
import type { Reply } from './reply.ts';
import { AGGREGATE, BULK_ERROR, ERROR, SHAPES, SIMPLE } from './reply-types.ts';
import { withoutSecrets } from './secrets.ts';

/** Every error begins with a word in upper case; one that does not is told by Redis' general word. */
const ERROR_CODE = /^-?([A-Z][A-Z0-9_]*)(?=\s|$)/;

/** What an answer says of its command. Credentials are taken out of the message. */
export function outcomeOf(reply: Reply, secrets: readonly string[] | undefined): Outcome {
  if (reply.type !== ERROR && reply.type !== BULK_ERROR) return OK;
  const { text } = reply;
  const message = secrets === undefined ? text : withoutSecrets(text, secrets);
  return { kind: 'failed', code: ERROR_CODE.exec(text)?.[1] ?? 'ERR', message };
}

/** Elements of an array or set, pairs of a map, 1 for a value, 0 for nil; undefined for a status and an error. */
export function returnedRows(reply: Reply): number | undefined {
  if (reply.type === ERROR || reply.type === BULK_ERROR || reply.type === SIMPLE) return undefined;
  if (reply.isNull) return 0;
  return SHAPES[reply.type] === AGGREGATE ? reply.count : 1;
}
