import { randomBytes } from 'node:crypto';
import { createKindCluster, kindIsUsable } from './given-cluster.ts';
import { startCluster } from './own-cluster.ts';
import { CLUSTER_VARIABLES, testCluster } from './suite.ts';
import { loadImages } from './suite-images.ts';
import { endSuiteCluster, startedHere } from './suite-teardown.ts';

/**
 * Jest's global setup of the suite `cluster`: the cluster named in the environment, else kind's where kind and Docker are
 * there, else our own. Where none can be had the suite fails with the reason.
 */
export default async function setUp(): Promise<void> {
  const began = Date.now();
  try {
    if (!Object.values(CLUSTER_VARIABLES).some((variable) => process.env[variable] !== undefined)) await start();
    const cluster = testCluster();
    const up = Date.now();
    await loadImages(cluster);
    const seconds = (from: number, to: number) => ((to - from) / 1000).toFixed(1);
    console.error(
      `${cluster.description}: up in ${seconds(began, up)} s, images loaded in ${seconds(up, Date.now())} s`,
    );
  } catch (error) {
    await endSuiteCluster();
    throw error;
  }
}

async function start(): Promise<void> {
  if (kindIsUsable()) {
    const name = `dbaudit-${randomBytes(3).toString('hex')}`;
    process.env[CLUSTER_VARIABLES.kind] = name;
    startedHere.kind = name;
    createKindCluster(name);
    return;
  }
  const own = await startCluster({ tie: true });
  process.env[CLUSTER_VARIABLES.own] = own.id;
  startedHere.own = own;
}
