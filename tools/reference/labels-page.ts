import { type InjectionSettings, injectionSettingsSchema } from '../../contract/injection-settings.ts';
import {
  AGENT_CONFIG_DIRECTORY,
  AGENT_CONFIG_MAP,
  CAPTURE_LABEL,
  CAPTURE_VALUES,
  ENABLED_ANNOTATION,
  INJECTED_LABEL,
  INJECTION_ANNOTATION,
  SETTING_PREFIX,
  SETTINGS,
  SINK_SECRET,
  SINK_SECRET_DIRECTORY,
  SINK_SECRET_LABEL,
  SINK_SECRET_VALUES,
  SINK_TOKEN_AUDIENCE,
  SINK_TOKEN_DIRECTORY,
  SINK_TOKEN_FILE,
  SKIPPED_ANNOTATION,
  SPOOL_DIRECTORY,
} from '../../contract/labels.ts';
import { LOG_MEBIBYTES } from '../../webhook/ephemeral-storage.ts';
import { defaultOf, LEAST_MEMORY_LIMIT } from '../../webhook/settings.ts';

/** docs/reference/labels.md. */
export function labelsPage(): string {
  const defaults = injectionSettingsSchema.parse({});
  return `${[
    '<!-- Generated from contract/labels.ts by tools/generate-reference.ts. -->',
    '# Labels and annotations',
    'A label selects, annotations configure. Both go on a namespace or on a pod; in a workload that is `spec.template.metadata`. What the pod says wins over what its namespace says, and that over the administrator’s settings (`injection` in the values of `install`).',
    '## What you write',
    table(
      ['label', 'values', 'meaning'],
      [
        [
          code(CAPTURE_LABEL),
          CAPTURE_VALUES.map(code).join(', '),
          'whether pods are captured; takes effect when a pod is created',
        ],
        [
          `${code(SINK_SECRET_LABEL)}, of namespaces alone`,
          SINK_SECRET_VALUES.map(code).join(', '),
          `whether the injector, where \`install --mirror-sink-secret\` lets it, copies the Secret ${code(SINK_SECRET)} there; without it, where the namespace itself is captured`,
        ],
      ],
    ),
    table(
      ['annotation', 'values', 'default', 'meaning'],
      SETTINGS.map((setting) => [
        code(SETTING_PREFIX + setting.name),
        setting.values,
        defaultText(setting, defaults),
        setting.meaning,
      ]),
    ),
    `A quantity is a number with a suffix or none: ${['25m', '0.5', '96Mi', '1G'].map(code).join(', ')}. A request above its limit is lowered to it, and a memory limit below ${LEAST_MEMORY_LIMIT}, with which the agent could not start, is passed over.`,
    'A pod of quality-of-service class Guaranteed stays so only where the agent, too, requests what it is limited to: set the two annotations for CPU, and the two for memory, to equal values. Otherwise the pod becomes Burstable, and loses CPUs of its own under the static CPU manager policy.',
    'An annotation that does not exist ([DBA2016](../codes.md#dba2016)) or has a value that is not valid ([DBA2017](../codes.md#dba2017)) is passed over and told in a warning; the pod is captured all the same.',
    '## What the agent’s container mounts',
    table(
      ['path', 'what', 'where it is missing'],
      [
        [
          code(AGENT_CONFIG_DIRECTORY),
          `ConfigMap ${code(AGENT_CONFIG_MAP)} of the pod’s namespace`,
          'the agent runs on its defaults',
        ],
        [
          code(SINK_SECRET_DIRECTORY),
          `Secret ${code(SINK_SECRET)} of the pod’s namespace: a file for each key, for \`…File\` settings of sinks`,
          'sinks that name a file of it wait, and say so (DBA4008); once it is there running agents have it within a minute or so, and so it is with each change',
        ],
        [
          code(SPOOL_DIRECTORY),
          'an emptyDir of the size `spool-size`: events that their receivers have not taken yet. It goes with its pod',
          '',
        ],
        [
          code(`${SINK_TOKEN_DIRECTORY}/${SINK_TOKEN_FILE}`),
          `with \`sink-token: projected\`: a token of the pod’s service account for the audience ${code(SINK_TOKEN_AUDIENCE)}, renewed each hour`,
          '',
        ],
      ],
    ),
    `The kubelet evicts a pod whose volume outgrows its size, so the agent keeps all that its sinks spool below three quarters of it, whatever they are configured to keep. It counts volumes against the pod’s ephemeral storage, too, where containers limit that: then the agent’s container has a limit of its own, of the volume’s size and ${LOG_MEBIBYTES}Mi for its log, which adds to the pod’s sum, so that nothing is taken from the application. A quota on \`limits.ephemeral-storage\`, or a limit range, must have room for it, or the pod is not captured ([DBA2006](../codes.md#dba2006)): set a smaller \`spool-size\`. A node whose disk runs full evicts pods by what they use beyond what they request, the spool included.`,
    '## What dbaudit writes',
    table(
      ['key', 'on', 'meaning'],
      [
        [code(INJECTED_LABEL), 'label of pods', '`true`: the pod was given an agent'],
        [
          code(INJECTION_ANNOTATION),
          'annotation of pods',
          'what was put in, as JSON; taken out again by `kubectl dbaudit uninject`',
        ],
        [
          code(SKIPPED_ANNOTATION),
          'annotation of pods',
          'why the pod was given none: a [code](../codes.md) and the reason',
        ],
        [
          code(ENABLED_ANNOTATION),
          'annotation of workloads',
          'what `kubectl dbaudit enable` changed, so that `disable` undoes just that',
        ],
        [
          code('kubectl.kubernetes.io/default-container'),
          'annotation of pods',
          'the application’s container, where the pod does not name one: `kubectl logs` and `exec` go there',
        ],
      ],
    ),
  ].join('\n\n')}\n`;
}

function defaultText(setting: (typeof SETTINGS)[number], defaults: InjectionSettings): string {
  const value = defaultOf(setting, defaults);
  if (value !== undefined) return code(value);
  return setting.target.kind === 'environment' ? 'as the agent’s configuration says' : 'none';
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n');
}
