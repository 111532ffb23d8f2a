import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { runningCluster, startCluster } from '../test/support/cluster/own-cluster.ts';
import { kubeconfigOf, removeLeftovers, runningIds } from '../test/support/cluster/run-directory.ts';

/**
 * Clusters for work by hand, as root; `tools/prepare-cluster.ts` comes first:
 *   tools/cluster.ts up                brings one up and says how to reach it; it stays until `down`
 *   tools/cluster.ts list
 *   tools/cluster.ts load ID ARCHIVE   imports images in the form of `docker save`
 *   tools/cluster.ts down ID|all
 */
const [command, id, archive] = process.argv.slice(2);

switch (command) {
  case 'up': {
    const started = Date.now();
    const { id: made, cluster } = await startCluster({ tie: false });
    console.log(
      `# cluster ${made}, up in ${Math.round((Date.now() - started) / 1000)} s; end it: tools/cluster.ts down ${made}`,
    );
    console.log(`export KUBECONFIG=${cluster.kubeconfig} PATH=${cluster.environment.PATH?.split(':')[0]}:$PATH`);
    console.log(`export DBAUDIT_TEST_CLUSTER=${made}`);
    break;
  }
  case 'list':
    for (const running of runningIds()) console.log(`${running} ${kubeconfigOf(running)}`);
    break;
  case 'load':
    if (id === undefined || archive === undefined || !existsSync(archive)) usage();
    else await clusterOf(id).cluster.loadImage(resolve(archive));
    break;
  case 'down':
    if (id === undefined) usage();
    else for (const running of id === 'all' ? runningIds() : [id]) await clusterOf(running).stop();
    await removeLeftovers();
    break;
  default:
    usage();
}

function clusterOf(name: string) {
  const cluster = runningCluster(name);
  if (cluster !== undefined) return cluster;
  console.error(`there is no cluster ${name} up; see tools/cluster.ts list`);
  return process.exit(1);
}

function usage(): void {
  console.error('usage: tools/cluster.ts up | list | load ID ARCHIVE | down ID|all');
  process.exitCode = 1;
}
