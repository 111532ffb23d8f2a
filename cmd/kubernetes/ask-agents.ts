import { UserError } from '../../contract/user-error.ts';
import { mapConcurrently } from '../concurrency.ts';
import { type AgentStatus, askAgent } from './agent-status.ts';
import type { Cluster } from './cluster.ts';
import { agentState, type PodView } from './pods.ts';

/** Each is a WebSocket through the API server. */
const AGENTS_AT_A_TIME = 16;
/** An agent that is asked for numbers while it decodes at full speed still answers within this. */
const AGENT_MILLIS = 2_000;

/**
 * Answers of the agents that run; those in namespaces without the right to connect are not asked again. `note` is told once
 * for each such namespace, and of agents that did not answer.
 */
export async function askAgents(
  cluster: Cluster,
  pods: readonly PodView[],
  note: (text: string) => void,
): Promise<ReadonlyMap<PodView, AgentStatus>> {
  const running = pods.filter((pod) => agentState(pod).kind === 'running');
  const closed = new Set<string>();
  let silent = 0;
  const answers = await mapConcurrently(running, AGENTS_AT_A_TIME, async (pod) => {
    if (closed.has(pod.namespace)) return undefined;
    try {
      const status = await askAgent(cluster, pod, AGENT_MILLIS);
      if (!status) silent += 1;
      return status;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      if (!closed.has(pod.namespace)) {
        note(`what agents in namespace ${pod.namespace} see is not known: no right to create pods/portforward there`);
      }
      closed.add(pod.namespace);
      return undefined;
    }
  });
  if (silent > 0) note(`${silent} of ${running.length} agents did not answer; what they see is not known`);
  return new Map(running.flatMap((pod, index) => (answers[index] ? [[pod, answers[index]]] : [])));
}
