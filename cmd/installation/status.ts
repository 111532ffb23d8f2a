import * as z from 'zod';
import { CODES, type Code } from '../../contract/codes.ts';
import { CAPTURE_LABEL, EXCLUDED_NAMESPACES } from '../../contract/labels.ts';
import { UserError } from '../../contract/user-error.ts';
import { VERSION } from '../../contract/version.ts';
import { isSelected } from '../capture/selection.ts';
import type { CommandContext } from '../context.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import { findInjectors } from '../kubernetes/injectors.ts';
import { agentState, injectionStatusOf, type PodView, skippedReasonOf, viewPod } from '../kubernetes/pods.ts';
import type { Status, StatusInjector } from '../output/schemas/status.ts';
import { OUTPUT_API_VERSION } from '../output/structured.ts';
import { readConfiguredSinks } from '../sinks/agent-config.ts';
import { servingCertificate, trustedAuthorities } from './certificate.ts';
import { readCollector } from './collector-status.ts';
import { installedVersion } from './installed-version.ts';
import { findInjectorDeployment, injectorPods } from './readiness.ts';

/** Below this the injector has missed its time to renew. */
const SHORT_CERTIFICATE_MILLIS = 24 * 3_600_000;

const deploymentSchema = z.looseObject({
  spec: z.looseObject({
    replicas: z.number().default(1),
    template: z.looseObject({
      spec: z.looseObject({ containers: z.array(z.looseObject({ image: z.string().default('') })).default([]) }),
    }),
  }),
  status: z.looseObject({ availableReplicas: z.number().default(0) }).prefault({}),
});
const podDetailsSchema = z.looseObject({ spec: z.looseObject({ nodeName: z.string().default('') }).prefault({}) });

/** What is installed and how it fares; problems say what is wrong and what helps. */
export async function readStatus(context: CommandContext): Promise<Status> {
  const cluster = await context.cluster();
  const namespace = await context.ownNamespace();
  const problems: Status['problems'] = [];
  const report: Report = (code, message, hint = CODES[code].help) => problems.push({ code, message, hint });
  const [version, found, pods, sinks, collector] = await Promise.all([
    installedVersion(cluster),
    findInjectors(cluster),
    countPods(cluster, namespace),
    readSinks(cluster, namespace, report),
    readCollector(context, cluster, namespace, report),
  ]);
  const injectors: StatusInjector[] = [];
  for (const { kind, name, trouble } of found ?? []) {
    const details = kind === 'webhook' ? await readWebhook(cluster, namespace, report) : { pods: [] };
    injectors.push({ kind, name, ...(trouble === undefined ? {} : { trouble }), ...details });
    if (trouble !== undefined) report('DBA3003', trouble);
  }
  if (injectors.length === 0) {
    report('DBA1105', found === undefined ? 'no right to look for the injector' : 'nothing gives pods an agent');
  }
  if (version !== undefined && version !== VERSION) {
    report('DBA3006', `installed is ${version}, the plugin is ${VERSION}: \`kubectl dbaudit upgrade\``);
  }
  const other = Object.keys(pods.versions).filter((agent) => version !== undefined && agent !== version);
  if (other.length > 0) report('DBA3006', `agents of version ${other.join(', ')} run; installed is ${version}`);
  const uncovered = pods.selected - pods.captured - pods.skipped;
  if (uncovered > 0) {
    const hint = '`kubectl dbaudit coverage` names each with the reason, `coverage --repair` makes them anew.';
    report('DBA2009', `${uncovered} of ${pods.selected} pods have no running agent`, hint);
  }
  return {
    apiVersion: OUTPUT_API_VERSION,
    kind: 'Status',
    context: cluster.context,
    namespace,
    ...(version === undefined ? {} : { version }),
    injectors,
    pods,
    ...(collector === undefined ? {} : { collector }),
    ...(sinks === undefined ? {} : { sinks }),
    problems,
  };
}

/** Told as it is found. */
export type Report = (code: Code, message: string, hint?: string) => void;

async function readWebhook(
  cluster: Cluster,
  namespace: string,
  report: Report,
): Promise<Pick<StatusInjector, 'replicas' | 'image' | 'pods'>> {
  const deployment = await findInjectorDeployment(cluster, namespace);
  if (deployment === undefined) {
    report('DBA1105', `there is no Deployment of the injector in ${namespace}`);
    return { pods: [] };
  }
  const { spec, status } = deploymentSchema.parse(deployment);
  const authorities = await trustedAuthorities(cluster).catch(() => undefined);
  const pods = await injectorPods(cluster, namespace);
  if (status.availableReplicas < spec.replicas) {
    report('DBA1104', `${status.availableReplicas} of ${spec.replicas} injectors are available`);
  }
  return {
    replicas: { wanted: spec.replicas, available: status.availableReplicas },
    image: spec.template.spec.containers[0]?.image ?? '',
    pods: await Promise.all(pods.map((pod) => readInjectorPod(cluster, pod, authorities, report))),
  };
}

async function readInjectorPod(
  cluster: Cluster,
  pod: PodView,
  authorities: string | undefined,
  report: Report,
): Promise<StatusInjector['pods'][number]> {
  const certificate = pod.ready ? await certificateOf(cluster, pod, authorities) : undefined;
  if (certificate?.mistrust !== undefined) {
    report('DBA3004', `the API server would not trust pod/${pod.name}: ${certificate.mistrust}`);
  } else if (certificate !== undefined && certificate.expires.getTime() - Date.now() < SHORT_CERTIFICATE_MILLIS) {
    report('DBA3004', `the certificate of pod/${pod.name} ends at ${certificate.expires.toISOString()}`);
  }
  return {
    name: pod.name,
    node: podDetailsSchema.parse(pod.object).spec.nodeName,
    ready: pod.ready,
    restarts: pod.containers.reduce((sum, { restartCount }) => sum + restartCount, 0),
    ...(certificate === undefined ? {} : { certificateExpires: certificate.expires.toISOString() }),
  };
}

/** Undefined where the caller may not forward ports, or the pod does not answer: readiness tells of that. */
async function certificateOf(cluster: Cluster, pod: PodView, authorities: string | undefined) {
  try {
    return await servingCertificate(cluster, pod, authorities);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

async function readSinks(cluster: Cluster, namespace: string, report: Report): Promise<Status['sinks'] | undefined> {
  try {
    const configured = await readConfiguredSinks(cluster, namespace);
    return configured?.sinks.map(({ name, place }) => ({ name, place }));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (error.code === 'DBA1001') report(error.code, error.message, error.nextStep);
    return undefined;
  }
}

async function countPods(cluster: Cluster, ownNamespace: string): Promise<Status['pods']> {
  const [namespaces, objects] = await Promise.all([
    cluster.list({ apiVersion: 'v1', kind: 'Namespace' }).catch(withoutRight),
    cluster.list({ apiVersion: 'v1', kind: 'Pod' }),
  ]);
  const labels = new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.labels?.[CAPTURE_LABEL]]));
  const excluded: readonly string[] = [...EXCLUDED_NAMESPACES, ownNamespace];
  const selected = objects
    .map(viewPod)
    .filter(({ ended, namespace }) => !ended && !excluded.includes(namespace))
    .filter(({ object, namespace }) =>
      isSelected({ pod: object.metadata.labels?.[CAPTURE_LABEL], namespace: labels.get(namespace) }),
    );
  const versions: Record<string, number> = {};
  for (const pod of selected) {
    const agent = injectionStatusOf(pod)?.version;
    if (agent !== undefined) versions[agent] = (versions[agent] ?? 0) + 1;
  }
  return {
    selected: selected.length,
    captured: selected.filter((pod) => agentState(pod).kind === 'running').length,
    skipped: selected.filter((pod) => skippedReasonOf(pod) !== undefined).length,
    versions,
  };
}

function withoutRight(error: unknown): [] {
  if (error instanceof UserError && error.code === 'DBA1102') return [];
  throw error;
}
