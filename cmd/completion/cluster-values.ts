import type { CommandContext } from '../context.ts';
import type { WorkloadKind } from '../kubernetes/workload-kinds.ts';

/** Names that only the cluster or the kubeconfig has; none where it does not answer, or may not be asked. */
export interface ClusterValues {
  namespaces(): Promise<readonly string[]>;
  names(kind: WorkloadKind): Promise<readonly string[]>;
  /** Of the agents' configuration. */
  sinks(): Promise<readonly string[]>;
  kubeconfigNames(of: 'context' | 'cluster' | 'user'): Promise<readonly string[]>;
}

/** Asks the cluster that the options typed so far name. Nothing is loaded or asked before a value is wanted. */
export function openClusterValues({ globals, environment, cluster, ownNamespace }: CommandContext): ClusterValues {
  const list = async (type: WorkloadKind['type']) => {
    const server = await cluster();
    const objects = await server.list(type, type.kind === 'Namespace' ? {} : { namespace: server.namespace });
    return objects.map(({ metadata }) => metadata.name).sort();
  };
  return {
    namespaces: () => orNone(list({ apiVersion: 'v1', kind: 'Namespace' })),
    names: ({ type }) => orNone(list(type)),
    sinks: () =>
      orNone(
        Promise.all([import('../sinks/agent-config.ts'), cluster(), ownNamespace()]).then(
          async ([{ readConfiguredSinks }, server, own]) =>
            (await readConfiguredSinks(server, globals.namespace ?? own))?.sinks.map(({ name }) => name) ?? [],
        ),
      ),
    kubeconfigNames: (of) =>
      orNone(
        import('../kubernetes/kubeconfig.ts').then(({ kubeconfigNames }) => kubeconfigNames(globals, environment)[of]),
      ),
  };
}

/** An error has no place on a line that is being typed. */
async function orNone(values: Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await values;
  } catch {
    return [];
  }
}
