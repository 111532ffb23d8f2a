import { Command, Option } from 'commander';
import { CODES } from '../../contract/codes.ts';
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
import { UserError } from '../../contract/user-error.ts';
import type { CommandContext } from '../context.ts';
import type { Explanation } from '../output/schemas/explanation.ts';
import { formatTable } from '../output/table.ts';

interface Options {
  readonly output?: 'json' | 'yaml' | 'name';
}

/** `kubectl dbaudit explain`: codes, labels and annotations, with no cluster asked. */
export function buildExplain(context: CommandContext): Command {
  return new Command('explain')
    .description('Say what a code, a label or an annotation means and what helps; without one, list them all.')
    .argument('[code-or-key...]', 'DBA2002, dbaudit.io/capture, config.dbaudit.io/redact or just redact')
    .addOption(new Option('-o, --output <format>', 'for programs').choices(['json', 'yaml', 'name']))
    .action((words: readonly string[], options: Options) => explain(context, words, options));
}

async function explain({ screen }: CommandContext, words: readonly string[], { output }: Options): Promise<void> {
  const items = words.length === 0 ? SUBJECTS : words.map(find);
  if (output === 'json' || output === 'yaml') {
    const { OUTPUT_API_VERSION, printDocument } = await import('../output/structured.ts');
    printDocument(screen, output, { apiVersion: OUTPUT_API_VERSION, kind: 'Explanations', items });
  } else if (output === 'name') {
    for (const { subject } of items) screen.print(subject);
  } else if (words.length === 0) {
    const columns = [
      { heading: 'CODE OR KEY', cell: ({ subject }: Explanation) => subject },
      { heading: 'MEANING', mayShrink: true, cell: ({ title }: Explanation) => title },
    ];
    for (const line of formatTable(columns, items, { width: screen.width })) screen.print(line);
  } else {
    for (const { subject, title, help, values } of items) {
      screen.print(`${screen.paint('bold', subject)}: ${title}`);
      if (values !== undefined) screen.print(`  values: ${values}`);
      screen.print(`  ${help}`);
    }
  }
}

const SUBJECTS: readonly Explanation[] = [
  ...Object.entries(CODES).map(([subject, { title, help }]) => ({ subject, title, help })),
  {
    subject: CAPTURE_LABEL,
    title: 'label that selects pods for capture',
    values: CAPTURE_VALUES.join(', '),
    help: 'On a namespace, or on a pod (in a workload: on spec.template). A pod’s own label wins over its namespace’s.',
  },
  ...SETTINGS.map(({ name, meaning, values }) => ({
    subject: SETTING_PREFIX + name,
    title: `annotation: ${meaning}`,
    values: values.replaceAll('`', ''),
    help: 'On a namespace, or on a pod (in a workload: on spec.template). A pod’s own annotation wins.',
  })),
  written(INJECTED_LABEL, 'label of pods that were given an agent', 'By the injector; its value is true.'),
  written(INJECTION_ANNOTATION, 'annotation: what was put into the pod', 'By the injector, as JSON.'),
  written(SKIPPED_ANNOTATION, 'annotation: why the pod has no agent', 'By the injector: a code and the reason.'),
  written(
    ENABLED_ANNOTATION,
    'annotation: what `enable` changed',
    'By the plugin, so that `disable` undoes just that.',
  ),
];

function written(subject: string, title: string, help: string): Explanation {
  return { subject, title, help: `Written by dbaudit, not by users. ${help}` };
}

/** @throws UserError DBA1004 */
function find(word: string): Explanation {
  const wanted = word.toLowerCase();
  const found = SUBJECTS.find(({ subject }) =>
    [subject, subject.slice(subject.indexOf('/') + 1)].some((name) => name.toLowerCase() === wanted),
  );
  if (found !== undefined) return found;
  throw new UserError(
    'DBA1004',
    `${word} is no code, label or annotation of dbaudit`,
    '`kubectl dbaudit explain` without one lists them all.',
  );
}
