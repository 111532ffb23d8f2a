import type * as z from 'zod';
import type { verifyAnswerSchema, verifyRequestSchema } from '../../contract/collector-api.ts';
import type { Verifier } from '../api/services.ts';
import type { ChainHead, SealedHistory } from './seal.ts';
import type { PublicKeys } from './signing-key.ts';
import { type Finding, verifyChain } from './verify-chain.ts';
import type { Witness } from './witness.ts';

/** More say no more than that all is broken. */
const MAX_FINDINGS = 1_000;
/** What is no break, but has to be known to trust the rest. */
const INFORMATION: ReadonlySet<Finding['kind']> = new Set(['missing-numbers', 'agent-restarted']);

export interface VerifierOptions {
  readonly history: SealedHistory;
  readonly witness: Witness | undefined;
  readonly keys: PublicKeys;
}

/** Goes through every chain that the store or the second place knows of, one after the other. */
export function createVerifier({ history, witness, keys }: VerifierOptions): Verifier {
  return {
    async verify({ chain: wanted }: z.infer<typeof verifyRequestSchema>, signal: AbortSignal) {
      const heads = new Map((await history.heads()).map((head) => [head.chain, head]));
      const witnessed = new Set(await witness?.chains());
      const chains = [...new Set([...heads.keys(), ...witnessed])].filter(
        (chain) => wanted === undefined || chain === wanted,
      );
      const findings: Finding[] = [];
      let [events, checkpoints] = [0, 0];
      for (const chain of chains.sort()) {
        signal.throwIfAborted();
        const verdict = await verifyChain(
          {
            head: heads.get(chain) ?? emptyHead(chain),
            checkpoints: await history.checkpoints(chain),
            witnessed: (await witness?.read(chain)) ?? [],
            retirements: await history.retirements(chain),
            events: history.sealed(chain, 0, signal),
          },
          keys,
        );
        events += verdict.events;
        checkpoints += verdict.checkpoints;
        findings.push(...verdict.findings.slice(0, MAX_FINDINGS - findings.length));
      }
      findings.push(...restartsOf(chains));
      const intact = findings.every(({ kind }) => INFORMATION.has(kind));
      return { intact, chains: chains.length, events, checkpoints, findings } satisfies z.infer<
        typeof verifyAnswerSchema
      >;
    },
  };
}

/** Of a chain that the store has forgotten altogether. */
function emptyHead(chain: string): ChainHead {
  return { chain, position: 0, hash: '', sum: '', checkpointed: 0, checkpointedAt: 0 };
}

/** An agent begins another chain with each start: `agent/NAMESPACE/POD/INSTANCE`. */
function restartsOf(chains: readonly string[]): Finding[] {
  const byAgent = Map.groupBy(
    chains.filter((chain) => chain.startsWith('agent/')),
    (chain) => chain.slice(0, chain.lastIndexOf('/')),
  );
  return [...byAgent].flatMap(([agent, starts]) =>
    starts.length === 1
      ? []
      : [
          {
            chain: agent,
            kind: 'agent-restarted' as const,
            message: `the agent started ${starts.length} times: each start is a chain of its own`,
          },
        ],
  );
}
