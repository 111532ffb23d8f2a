import { AGENT_COLLECTOR_CA_KEY } from '../contract/collector-objects.ts';
import {
  AGENT_CONFIG_KEY,
  AGENT_CONFIG_MAP,
  CAPTURE_LABEL,
  SINK_SECRET,
  SINK_SECRET_LABEL,
} from '../contract/labels.ts';
import type { MirroredKind } from './mirror.ts';

/** The agents' configuration, and whom they trust as the collector: wherever an agent runs or will. */
export const AGENT_CONFIGURATION: MirroredKind = {
  kind: 'ConfigMap',
  name: AGENT_CONFIG_MAP,
  content: ({ [AGENT_CONFIG_KEY]: text, [AGENT_COLLECTOR_CA_KEY]: authority }) =>
    text === undefined
      ? undefined
      : { [AGENT_CONFIG_KEY]: text, ...(authority === undefined ? {} : { [AGENT_COLLECTOR_CA_KEY]: authority }) },
  need: ({ labels }, expected) => (expected || labels[CAPTURE_LABEL] === 'enabled' ? 'needed' : 'unneeded'),
};

/**
 * The sinks' credentials: only where the namespace's own labels ask for them, which takes the right to change namespaces.
 * A pod's label is not enough: whoever may make a pod would be given the credentials in a Secret beside it.
 */
export const SINK_CREDENTIALS: MirroredKind = {
  kind: 'Secret',
  name: SINK_SECRET,
  content: (data) => data,
  need: ({ labels }) => {
    const asked = labels[SINK_SECRET_LABEL];
    if (asked === 'disabled') return 'forbidden';
    return asked === 'enabled' || labels[CAPTURE_LABEL] === 'enabled' ? 'needed' : 'unneeded';
  },
};
