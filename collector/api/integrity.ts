import { verifyRequestSchema } from '../../contract/collector-api.ts';
import { json, post, type Route } from './route.ts';
import type { Verifier } from './services.ts';

export function integrityRoutes(verifier: Verifier): readonly Route[] {
  return [
    post({
      path: '/verify',
      need: { kind: 'cluster', right: { resource: 'integrity', verb: 'get' } },
      recorded: { resource: 'integrity', verb: 'verify' },
      schema: verifyRequestSchema,
      run: async ({ body, signal }) => json(await verifier.verify(body, signal)),
    }),
  ];
}
