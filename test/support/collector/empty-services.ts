import type { Services } from '../../../collector/api/api.ts';

/** All parts of a collector that nothing has happened in. */
export function emptyServices(): Required<Pick<Services, 'alerts' | 'rules' | 'verifier'>> {
  return {
    alerts: {
      list: () => ({ alerts: [], total: 0 }),
      change: () => undefined,
      silences: () => [],
      silence: ({ rules, ...silence }, by) => ({ ...silence, ...(rules && { rules }), id: 'a', from: 0, by }),
      unsilence: () => false,
    },
    rules: {
      list: () => [],
      change: () => undefined,
      put: () => {
        throw new Error('not asked for');
      },
      remove: () => false,
      test: async () => ({ detections: [], total: 0, matched: 0 }),
    },
    verifier: {
      verify: async () => ({ intact: true, chains: 0, events: 0, checkpoints: 0, findings: [] }),
    },
  };
}
