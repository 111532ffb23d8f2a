import type { TestCluster } from './test-cluster.ts';

/** Where a client looks for its server: `kubectl exec` takes `target`, such as `deployment/client`. */
export interface Client {
  readonly namespace: string;
  readonly target: string;
}

/** What mariadb, psql and redis-cli say when nobody answers; nothing was asked then. */
const UNREACHABLE = /can't connect|could not connect|connection to server at .* failed|connection refused/i;

/**
 * Runs a client's command line in its pod and gives what it printed. The node's proxy learns of a ready pod a little
 * after the API server: a Service that leads nowhere yet is tried again. Rejects with what the client said otherwise.
 */
export async function runClient(
  cluster: TestCluster,
  { namespace, target }: Client,
  command: readonly string[],
): Promise<string> {
  const { code, stdout, stderr } = await cluster.waitFor(`${command[0]} to reach its server`, async () => {
    const result = await cluster.run('kubectl', ['exec', '-n', namespace, target, '-c', 'client', '--', ...command]);
    if (result.code !== 0 && UNREACHABLE.test(`${result.stdout}${result.stderr}`))
      throw new Error(result.stderr.trim());
    return result;
  });
  if (code !== 0) throw new Error(`${command[0]} in ${target} ended with ${code}: ${stderr.trim() || stdout.trim()}`);
  return stdout;
}
