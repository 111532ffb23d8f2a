import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DATABASES_REFERENCE, databaseImage } from './database-image.ts';
import type { TestCluster } from './test-cluster.ts';

const ARCHITECTURE = process.arch === 'x64' ? 'amd64' : process.arch;
/** Made by `tools/image/main.ts archive`. */
const ARCHIVES = join(import.meta.dirname, '../../../build/image');

/**
 * Images that the suite uses, by name. On a cluster that none can be loaded into they must be somewhere its nodes pull
 * from: then DBAUDIT_TEST_IMAGE, DBAUDIT_TEST_COLLECTOR_IMAGE and DBAUDIT_TEST_DATABASES_IMAGE name them.
 */
export const IMAGES = {
  dbaudit: process.env.DBAUDIT_TEST_IMAGE ?? 'localhost/dbaudit:test',
  collector: process.env.DBAUDIT_TEST_COLLECTOR_IMAGE ?? 'localhost/dbaudit-collector:test',
  databases: process.env.DBAUDIT_TEST_DATABASES_IMAGE ?? DATABASES_REFERENCE,
} as const;

/** Loads into the cluster what its nodes are not told to pull. */
export async function loadImages(cluster: TestCluster): Promise<void> {
  const { DBAUDIT_TEST_IMAGE: dbaudit, DBAUDIT_TEST_DATABASES_IMAGE: databases } = process.env;
  await Promise.all([
    dbaudit === undefined ? cluster.loadImage(archiveOf('dbaudit')) : undefined,
    databases === undefined ? databaseImage().then((archive) => cluster.loadImage(archive)) : undefined,
  ]);
}

/** Loads the collector's image; only who tests it needs it. */
export async function loadCollectorImage(cluster: TestCluster): Promise<void> {
  if (process.env.DBAUDIT_TEST_COLLECTOR_IMAGE === undefined) await cluster.loadImage(archiveOf('dbaudit-collector'));
}

function archiveOf(image: string): string {
  const archive = join(ARCHIVES, `${image}-${ARCHITECTURE}.tar`);
  if (!existsSync(archive)) throw new Error(`${archive} is missing; run tools/image/main.ts archive`);
  return archive;
}
