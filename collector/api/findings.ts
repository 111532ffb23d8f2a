import * as z from 'zod';
import { falcoEvents } from '../ingest/falco.ts';
import { kubeBenchEvents } from '../ingest/kube-bench.ts';
import type { ReadBody, ThirdPartyContext } from '../ingest/third-party-event.ts';
import type { Intake } from '../intake.ts';
import { Problem } from './problem.ts';
import { json, post, type Route } from './route.ts';

/** Whoever may make events that others saw: Falco's http_output by a client certificate, kube-bench's Job by a token. */
const need = { kind: 'cluster', right: { resource: 'auditevents', verb: 'create' } } as const;

/** What other tools found, in their own JSON: POST /findings/falco, POST /findings/kube-bench. */
export function findingRoutes(intake: Pick<Intake, 'take'>): readonly Route[] {
  const route = (tool: string, read: (body: unknown, context: ThirdPartyContext) => ReadBody): Route =>
    post({
      path: `/findings/${tool}`,
      need,
      schema: z.unknown(),
      async run({ body }) {
        const { events, problem } = read(body, { at: Date.now() });
        if (events === undefined) throw new Problem(400, 'DBA5003', `no finding of ${tool}: ${problem}`);
        const { added, repeated } = await intake.take(events, `findings/${tool}`);
        return json({ added: added.length, repeated }, { status: 201 });
      },
    });
  return [route('falco', falcoEvents), route('kube-bench', kubeBenchEvents)];
}
