import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DATABASES_REFERENCE, databaseImage } from './database-image.ts';
import type { TestCluster } from './test-cluster.ts';

const ARCHITECTURE = process.arch === 'x64' ? 'amd64' : process.arch;
/** Made by `tools/image/main.ts archive`. */
const AGENT_ARCHIVE = join(import.meta.dirname, `../../../build/image/dbaudit-${ARCHITECTURE}.tar`);

/**
 * Images that the suite uses, by name. On a cluster that none can be loaded into they must be somewhere its nodes pull
 * from: then DBAUDIT_TEST_IMAGE and DBAUDIT_TEST_DATABASES_IMAGE name them.
 */
export const IMAGES = {
  dbaudit: process.env.DBAUDIT_TEST_IMAGE ?? 'localhost/dbaudit:test',
  databases: process.env.DBAUDIT_TEST_DATABASES_IMAGE ?? DATABASES_REFERENCE,
} as const;

/** Loads into the cluster what its nodes are not told to pull. */
export async function loadImages(cluster: TestCluster): Promise<void> {
  const { DBAUDIT_TEST_IMAGE: dbaudit, DBAUDIT_TEST_DATABASES_IMAGE: databases } = process.env;
  await Promise.all([
    dbaudit === undefined ? cluster.loadImage(dbauditImage()) : undefined,
    databases === undefined ? databaseImage().then((archive) => cluster.loadImage(archive)) : undefined,
  ]);
}

function dbauditImage(): string {
  if (!existsSync(AGENT_ARCHIVE)) throw new Error(`${AGENT_ARCHIVE} is missing; run tools/image/main.ts archive`);
  return AGENT_ARCHIVE;
}
