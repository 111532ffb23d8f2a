import * as z from 'zod';
import type { ReadBack } from '../sink.ts';
import type { Nodes } from './nodes.ts';
import { jsonOf, requestFailure } from './server-error.ts';

const hitsReply = z.object({ hits: z.object({ hits: z.array(z.object({ _id: z.string() })) }).optional() });

/** Finds events by id in all indexes of a data stream. Takes the nodes for its own. */
export function eventReader(nodes: Nodes, dataStream: string): ReadBack {
  return {
    async has(eventId, signal) {
      // Without the right to refresh, the event is found a little later.
      await nodes.request({ method: 'POST', path: `${dataStream}/_refresh`, signal });
      const response = await nodes.request({
        method: 'POST',
        path: `${dataStream}/_search?filter_path=hits.hits._id&size=1`,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: { ids: { values: [eventId] } } }),
        signal,
      });
      if (response.status === 404) return false;
      if (response.status !== 200) throw requestFailure(response, `${response.origin}/${dataStream}/_search`);
      return hitsReply.parse(jsonOf(response)).hits?.hits.some(({ _id }) => _id === eventId) ?? false;
    },
    close: () => nodes.close(),
  };
}
