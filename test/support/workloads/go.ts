import { join } from 'node:path';

/** Made by `tools/prepare-integration.ts`. */
export const GO_LOAD = join(import.meta.dirname, '../../../build/workloads/go-load');
export const goLoadSources = join(import.meta.dirname, 'go');
