import { DEFAULT_INJECTOR_VIEW, type InjectorView, readInjectorView } from '../capture/prediction.ts';
import type { CommandContext } from '../context.ts';
import { survey } from '../coverage/survey.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import { findInjectors } from '../kubernetes/injectors.ts';
import { type Namespaces, readNamespaces } from '../kubernetes/namespaces.ts';
import type { AnalysisDocument } from '../output/schemas/analysis.ts';
import { OUTPUT_API_VERSION, printDocument } from '../output/structured.ts';
import { formatFindings } from './analysis-table.ts';
import { findInInjectors, findInRunning } from './cluster-findings.ts';
import { type Finding, sortFindings } from './finding.ts';
import { listSubjects, namespacesIn, readSubjects, type Subject } from './read-scene.ts';
import { findInNamespace, findInWorkload } from './workload-findings.ts';

export interface AnalysisOptions {
  readonly filename: readonly string[];
  readonly useKube: boolean;
  readonly allNamespaces: boolean;
  readonly output: 'table' | 'json' | 'yaml';
}

/** Prints what keeps pods from being captured, in a cluster, in files, or in files as they would be in a cluster. */
export async function reportAnalysis(
  context: CommandContext,
  words: readonly string[],
  options: AnalysisOptions,
): Promise<void> {
  const { screen, stdin } = context;
  const note = noteOnce((text) => screen.say(`note: ${text}.`));
  const cluster = options.useKube ? await context.cluster() : undefined;
  const { subjects, findings } = await screen.progress('looking', async () => {
    const subjects =
      options.filename.length > 0
        ? await readSubjects(options.filename, stdin)
        : cluster
          ? await listSubjects(cluster, words, { ...options, note })
          : [];
    const scene = await readScene(subjects, { cluster, ownNamespace: () => context.ownNamespace(), note }, options);
    const own = [...scene.findings, ...findInSubjects(subjects, scene)];
    if (!cluster || options.filename.length > 0) return { subjects, findings: own };
    return {
      subjects,
      findings: [...own, ...(await findRunning(cluster, subjects, scene, own, { words, options, note }))],
    };
  });
  print(context, options, subjects, sortFindings(findings));
  if (findings.some(({ level }) => level !== 'info')) context.exitCode = 1;
}

interface Scene {
  readonly view: InjectorView;
  readonly namespaces: Namespaces;
  readonly findings: readonly Finding[];
}

async function readScene(
  subjects: readonly Subject[],
  world: { readonly cluster: Cluster | undefined; readonly ownNamespace: () => Promise<string>; readonly note: Note },
  { allNamespaces }: AnalysisOptions,
): Promise<Scene> {
  const { cluster, note } = world;
  const inFiles = new Map(namespacesIn(subjects).map((object) => [object.metadata.name, object]));
  if (!cluster) return { view: DEFAULT_INJECTOR_VIEW, namespaces: inFiles, findings: [] };
  const names = subjects.map(({ workload: { object } }) => object.metadata.namespace ?? object.metadata.name);
  const [view, live, injectors] = await Promise.all([
    world.ownNamespace().then((ownNamespace) => readInjectorView(cluster, ownNamespace)),
    readNamespaces(cluster, allNamespaces ? 'all' : [...names, cluster.namespace], ({ message }) =>
      note(`${message}; namespaces are taken for such without labels`),
    ),
    findInjectors(cluster),
  ]);
  if (injectors === undefined) note('no right to look whether an injector is installed');
  const namespaces = new Map([...live, ...inFiles]);
  return { view, namespaces, findings: injectors ? findInInjectors(injectors) : [] };
}

function findInSubjects(subjects: readonly Subject[], { view, namespaces }: Scene): readonly Finding[] {
  const concerned = new Set(
    subjects.map(({ workload: { object } }) => object.metadata.namespace ?? object.metadata.name),
  );
  const ofNamespaces = [...namespaces.values()]
    .filter(({ metadata }) => concerned.has(metadata.name))
    .flatMap((namespace) => findInNamespace(namespace, view));
  const ofWorkloads = subjects.flatMap(({ workload, named, source }) => {
    if (workload.kind.template === undefined) return [];
    const namespace = namespaces.get(workload.object.metadata.namespace ?? 'default');
    return findInWorkload(workload, { namespace, view, named, ...(source === undefined ? {} : { source }) });
  });
  return [...ofNamespaces, ...ofWorkloads];
}

async function findRunning(
  cluster: Cluster,
  subjects: readonly Subject[],
  { view }: Scene,
  known: readonly Finding[],
  {
    words,
    options,
    note,
  }: { readonly words: readonly string[]; readonly options: AnalysisOptions; readonly note: Note },
): Promise<readonly Finding[]> {
  const namespace = options.allNamespaces ? undefined : cluster.namespace;
  const workloads = await survey(cluster, { namespace, ownNamespace: view.ownNamespace, note });
  const asked = new Set(subjects.map(({ workload: { object } }) => `${object.kind}/${object.metadata.name}`));
  const whole = words.length === 0 || subjects.some(({ workload }) => workload.kind.name === 'namespace');
  return findInRunning(
    workloads.filter(({ owner }) => whole || asked.has(`${owner.kind}/${owner.name}`)),
    known,
  );
}

function print(
  { screen }: CommandContext,
  { output }: AnalysisOptions,
  subjects: readonly Subject[],
  findings: readonly Finding[],
): void {
  if (output !== 'table') {
    const document: AnalysisDocument = { apiVersion: OUTPUT_API_VERSION, kind: 'Analysis', items: [...findings] };
    printDocument(screen, output, document);
    return;
  }
  for (const line of formatFindings(findings, screen)) screen.print(line);
  const looked = subjects.filter(({ workload }) => workload.kind.template !== undefined).length;
  const objects = `${looked} ${looked === 1 ? 'workload' : 'workloads'}`;
  const problems = findings.filter(({ level }) => level !== 'info').length;
  screen.say(problems === 0 ? `${objects} looked at, nothing found.` : `${objects} looked at, ${problems} found.`);
}

type Note = (text: string) => void;

function noteOnce(say: Note): Note {
  const said = new Set<string>();
  return (text) => {
    if (!said.has(text)) say(text);
    said.add(text);
  };
}
