import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';

/** In the order of `--help`. */
export const COMMAND_GROUPS = [
  'Get started',
  'Choose targets',
  'See traffic',
  'Look back',
  'Be alerted',
  'Pipeline',
  'Other',
] as const;

/** A command as `--help` and completion know it, without what it takes to run it. */
export interface CommandEntry {
  readonly name: string;
  readonly group: (typeof COMMAND_GROUPS)[number];
  /** One line, lower case, no full stop. */
  readonly summary: string;
  readonly hidden?: true;
  /** It answers a question: exit code 1 says that it found something, 2 that it could not look. */
  readonly asks?: true;
  load(): Promise<(context: CommandContext) => Command>;
}

/** To add a command: write its file, then name it here. Nothing of it is loaded until it is run. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'check',
    group: 'Get started',
    summary: 'test the cluster, and the installation in it',
    asks: true,
    load: async () => (await import('./check.ts')).buildCheck,
  },
  {
    name: 'install',
    group: 'Get started',
    summary: 'install dbaudit in the cluster',
    load: async () => (await import('./install.ts')).buildInstall,
  },
  {
    name: 'upgrade',
    group: 'Get started',
    summary: 'bring what is installed to the version of the plugin',
    load: async () => (await import('./upgrade.ts')).buildUpgrade,
  },
  {
    name: 'uninstall',
    group: 'Get started',
    summary: 'remove dbaudit from the cluster',
    load: async () => (await import('./uninstall.ts')).buildUninstall,
  },
  {
    name: 'status',
    group: 'Get started',
    summary: 'show the injector and how many pods are captured',
    load: async () => (await import('./status.ts')).buildStatus,
  },
  {
    name: 'version',
    group: 'Get started',
    summary: 'print versions',
    load: async () => (await import('./version.ts')).buildVersion,
  },
  {
    name: 'enable',
    group: 'Choose targets',
    summary: 'have workloads or namespaces captured, and restart them',
    load: async () => (await import('./enable.ts')).buildEnable,
  },
  {
    name: 'disable',
    group: 'Choose targets',
    summary: 'end the capture of workloads or namespaces',
    load: async () => (await import('./disable.ts')).buildDisable,
  },
  {
    name: 'inject',
    group: 'Choose targets',
    summary: 'put the agent into manifests, with no cluster asked',
    load: async () => (await import('./inject.ts')).buildInject,
  },
  {
    name: 'uninject',
    group: 'Choose targets',
    summary: 'take the agent out of manifests',
    load: async () => (await import('./inject.ts')).buildUninject,
  },
  {
    name: 'analyze',
    group: 'Choose targets',
    summary: 'find out what keeps pods from being captured',
    asks: true,
    load: async () => (await import('./analyze.ts')).buildAnalyze,
  },
  {
    name: 'coverage',
    group: 'Choose targets',
    summary: 'show which pods are captured, and why others are not',
    asks: true,
    load: async () => (await import('./coverage.ts')).buildCoverage,
  },
  {
    name: 'explain',
    group: 'Choose targets',
    summary: 'say what a code, a label or an annotation means',
    load: async () => (await import('./explain.ts')).buildExplain,
  },
  {
    name: 'tail',
    group: 'See traffic',
    summary: 'show what databases are asked, as it happens',
    load: async () => (await import('./tail.ts')).buildTail,
  },
  {
    name: 'top',
    group: 'See traffic',
    summary: 'rank statements, clients, tables or users',
    load: async () => (await import('./top.ts')).buildTop,
  },
  {
    name: 'replay',
    group: 'See traffic',
    summary: 'show the database statements in packet captures and saved events',
    load: async () => (await import('./replay.ts')).buildReplay,
  },
  {
    name: 'search',
    group: 'Look back',
    summary: 'search the statements that the collector keeps',
    load: async () => (await import('./search.ts')).buildSearch,
  },
  {
    name: 'query',
    group: 'Look back',
    summary: 'ask the collector in SQL',
    load: async () => (await import('./query.ts')).buildQuery,
  },
  {
    name: 'ui',
    group: 'Look back',
    summary: 'open the collector’s page in a browser',
    load: async () => (await import('./ui.ts')).buildUi,
  },
  {
    name: 'report',
    group: 'Look back',
    summary: 'have reports made, and fetch them',
    load: async () => (await import('./report.ts')).buildReport,
  },
  {
    name: 'export',
    group: 'Look back',
    summary: 'write what the collector keeps to a file',
    load: async () => (await import('./export.ts')).buildExport,
  },
  {
    name: 'verify',
    group: 'Look back',
    summary: 'check that nothing that is kept was changed or removed',
    asks: true,
    load: async () => (await import('./verify.ts')).buildVerify,
  },
  {
    name: 'alert',
    group: 'Be alerted',
    summary: 'show alerts, and say what becomes of them',
    load: async () => (await import('./alert.ts')).buildAlert,
  },
  {
    name: 'rule',
    group: 'Be alerted',
    summary: 'show, test and change what raises alerts',
    load: async () => (await import('./rule.ts')).buildRule,
  },
  {
    name: 'sink',
    group: 'Pipeline',
    summary: 'show where events are sent to, and test whether they arrive',
    asks: true,
    load: async () => (await import('./sink.ts')).buildSink,
  },
  {
    name: 'completion',
    group: 'Other',
    summary: 'have the shell complete commands, flags and names',
    load: async () => (await import('./completion.ts')).buildCompletion,
  },
  {
    name: 'options',
    group: 'Other',
    summary: 'list the options that every command takes',
    load: async () => (await import('./options.ts')).buildOptions,
  },
];
