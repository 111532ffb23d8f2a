import { type InjectionSettings, injectionSettingsSchema } from '../../contract/injection-settings.ts';
import {
  CAPTURE_LABEL,
  CAPTURE_VALUES,
  ENABLED_ANNOTATION,
  INJECTED_LABEL,
  INJECTION_ANNOTATION,
  SETTING_PREFIX,
  SETTINGS,
  SKIPPED_ANNOTATION,
} from '../../contract/labels.ts';
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
