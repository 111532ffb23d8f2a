import { type Batch, countOf, lineOf } from '../../batch.ts';
import { eventIdOf } from '../../event-id.ts';

const BEFORE_ID = '{"create":{"_id":"';
const BEHIND_ID = '"}}\n';
/** The receiver then makes an id of its own; such a line is stored again if it is sent again. */
const WITHOUT_ID = '{"create":{}}\n';

/** Bodies of `_bulk`. Their memory is used again: fresh megabytes with each write would be garbage outside the heap, late to go. */
export class BulkBody {
  #memory = Buffer.alloc(0);

  /**
   * Before each line what is to be done with it. Only `create`: an event that is there is never written over. Lines are
   * copied, not parsed. Valid until the next call.
   * https://docs.opensearch.org/latest/api-reference/document-apis/bulk/
   */
  of(batch: Batch): Buffer {
    const actions: string[] = [];
    let length = batch.bytes.length;
    for (let index = 0; index < countOf(batch); index++) {
      const id = eventIdOf(lineOf(batch, index));
      const action = id === undefined ? WITHOUT_ID : `${BEFORE_ID}${id}${BEHIND_ID}`;
      actions.push(action);
      length += action.length;
    }
    if (this.#memory.length < length) this.#memory = Buffer.allocUnsafeSlow(length);
    let at = 0;
    actions.forEach((action, index) => {
      at += this.#memory.latin1Write(action, at);
      at += lineOf(batch, index).copy(this.#memory, at);
    });
    return this.#memory.subarray(0, length);
  }
}
