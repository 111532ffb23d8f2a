import { type Batch, countOf, lineOf } from '../../batch.ts';
import { eventIdOf } from '../../event-id.ts';

const BEFORE_ID = '{"create":{"_id":"';
const BEHIND_ID = '"}}\n';
/** The receiver then makes an id of its own; such a line is stored again if it is sent again. */
const WITHOUT_ID = '{"create":{}}\n';

/**
 * The body of `_bulk`: before each line what is to be done with it. Only `create`: an event that is there is never written
 * over. Lines are copied, not parsed. In fresh memory.
 * https://docs.opensearch.org/latest/api-reference/document-apis/bulk/
 */
export function bulkBody(batch: Batch): Buffer {
  const actions: string[] = [];
  let length = batch.bytes.length;
  for (let index = 0; index < countOf(batch); index++) {
    const id = eventIdOf(lineOf(batch, index));
    const action = id === undefined ? WITHOUT_ID : `${BEFORE_ID}${id}${BEHIND_ID}`;
    actions.push(action);
    length += action.length;
  }
  const body = Buffer.allocUnsafeSlow(length);
  let at = 0;
  actions.forEach((action, index) => {
    at += body.latin1Write(action, at);
    at += lineOf(batch, index).copy(body, at);
  });
  return body;
}
