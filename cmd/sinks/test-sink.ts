import * as z from 'zod';
import { AGENT_CONFIG_MAP } from '../../contract/labels.ts';
import { UserError } from '../../contract/user-error.ts';
import { readInjectorView } from '../capture/prediction.ts';
import type { CommandContext } from '../context.ts';
import { findInjectorDeployment } from '../installation/readiness.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { SinkTestDocument } from '../output/schemas/sink-test.ts';
import { readConfiguredSinks } from './agent-config.ts';
import { runTestPod } from './run-test-pod.ts';
import { testPod } from './test-pod.ts';
import { readReport } from './test-report.ts';

const deploymentSchema = z.looseObject({
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({ imagePullSecrets: z.array(z.looseObject({ name: z.string() })).default([]) }),
    }),
  }),
});

/**
 * Lets an agent in a pod of its own send one event to the sink and look for it there: in our namespace, or in the one that
 * the caller named.
 * @throws UserError where there is no such sink, or the pod does not run
 */
export async function testSink(
  context: CommandContext,
  sink: string,
  { timeoutMillis }: { readonly timeoutMillis: number },
): Promise<SinkTestDocument> {
  const cluster = await context.cluster();
  const ownNamespace = await context.ownNamespace();
  const namespace = context.globals.namespace ?? ownNamespace;
  await requireSink(cluster, namespace, sink);
  const { settings } = await readInjectorView(cluster, ownNamespace);
  const pod = testPod({
    namespace,
    sink,
    settings,
    // Elsewhere agents are pulled with the secrets of their own pods.
    imagePullSecrets: namespace === ownNamespace ? await pullSecrets(cluster, ownNamespace) : [],
    deadlineSeconds: Math.max(1, Math.ceil(timeoutMillis / 1_000)),
  });
  const { screen, signal } = context;
  const output = await screen.progress(`testing sink ${sink}`, (update) =>
    runTestPod(cluster, pod, { screen, signal, timeoutMillis, update }),
  );
  return readReport(output, namespace);
}

async function requireSink(cluster: Cluster, namespace: string, name: string): Promise<void> {
  const configured = await readConfiguredSinks(cluster, namespace);
  if (configured === undefined) {
    throw new UserError(
      'DBA1103',
      `there is no ConfigMap ${AGENT_CONFIG_MAP} in ${namespace}: agents there run on their defaults`,
      'The injector copies it into namespaces that are captured; `kubectl dbaudit status` shows whether it runs.',
    );
  }
  if (configured.sinks.some((sink) => sink.name === name)) return;
  const names = configured.sinks.map((sink) => sink.name).join(', ');
  throw new UserError(
    'DBA1004',
    `there is no sink ${name} in ${namespace}`,
    `The configuration has ${names}; \`kubectl dbaudit sink list\` shows them.`,
  );
}

async function pullSecrets(cluster: Cluster, ownNamespace: string): Promise<readonly { readonly name: string }[]> {
  try {
    const deployment = await findInjectorDeployment(cluster, ownNamespace);
    return deployment === undefined ? [] : deploymentSchema.parse(deployment).spec.template.spec.imagePullSecrets;
  } catch (error) {
    if (error instanceof UserError && error.code === 'DBA1102') return [];
    throw error;
  }
}
