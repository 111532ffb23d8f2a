import { INJECTED_LABEL } from '../../contract/labels.ts';
import type { AgentStatus } from '../kubernetes/agent-status.ts';
import { askAgents } from '../kubernetes/ask-agents.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import { agentState, viewPod } from '../kubernetes/pods.ts';
import type { SinkItem, SinkListDocument } from '../output/schemas/sink-list.ts';
import { OUTPUT_API_VERSION } from '../output/structured.ts';
import { type ConfiguredSink, readConfiguredSinks } from './agent-config.ts';

export interface ListOptions {
  readonly ownNamespace: string;
  /** Whose agents are asked; undefined: all. */
  readonly namespace: string | undefined;
  readonly note: (text: string) => void;
}

type SinkStatus = AgentStatus['sinks'][number];

const DEFAULT_SINKS: readonly ConfiguredSink[] = [
  { name: 'stdout', type: 'stdout', place: 'standard output', format: 'native' },
];

/** The sinks of the agents' configuration, then those that only agents have, with what running agents say of each. */
export async function listSinks(cluster: Cluster, options: ListOptions): Promise<SinkListDocument> {
  const { ownNamespace, namespace, note } = options;
  const [configured, objects] = await Promise.all([
    readConfiguredSinks(cluster, ownNamespace),
    cluster.list(
      { apiVersion: 'v1', kind: 'Pod' },
      { labelSelector: `${INJECTED_LABEL}=true`, ...(namespace === undefined ? {} : { namespace }) },
    ),
  ]);
  const pods = objects.map(viewPod).filter(({ ended }) => !ended);
  const answers = [...(await askAgents(cluster, pods, note)).values()];
  const told = Map.groupBy(
    answers.flatMap(({ sinks }) => sinks),
    ({ name }) => name,
  );
  const sinks = configured?.sinks ?? DEFAULT_SINKS;
  const known = new Set(sinks.map(({ name }) => name));
  const others = [...told.keys()].filter((name) => !known.has(name)).toSorted();
  return {
    apiVersion: OUTPUT_API_VERSION,
    kind: 'SinkList',
    ...(namespace === undefined ? {} : { namespace }),
    agents: {
      running: pods.filter((pod) => agentState(pod).kind === 'running').length,
      answered: answers.length,
    },
    items: [
      ...sinks.map((sink) => summarize(sink, told.get(sink.name) ?? [])),
      ...others.map((name) => summarize({ name, type: '-', place: '-', format: '-' }, told.get(name) ?? [])),
    ],
  };
}

/** What agents say of its place and format wins: they know the type. */
function summarize(sink: ConfiguredSink, statuses: readonly SinkStatus[]): SinkItem {
  const [first] = statuses;
  const sum = (of: (status: SinkStatus) => number) => statuses.reduce((total, status) => total + of(status), 0);
  const problems = Map.groupBy(
    statuses.flatMap(({ problem }) => problem ?? []),
    (problem) => problem,
  );
  return {
    ...sink,
    type: first?.type ?? sink.type,
    place: first?.place ?? sink.place,
    format: first?.format ?? sink.format,
    agents: {
      answered: statuses.length,
      troubled: statuses.filter(({ problem }) => problem !== undefined).length,
      sentEvents: sum(({ sentEvents }) => sentEvents),
      waitingEvents: sum(({ waitingEvents }) => waitingEvents),
      droppedEvents: sum(({ droppedEvents }) => droppedEvents),
      quarantinedEvents: sum(({ quarantinedEvents }) => quarantinedEvents),
      lagMillis: Math.max(0, ...statuses.map(({ lagMillis }) => lagMillis)),
    },
    problems: [...problems]
      .map(([message, alike]) => ({ message, agents: alike.length }))
      .toSorted((a, b) => b.agents - a.agents || a.message.localeCompare(b.message)),
  };
}
