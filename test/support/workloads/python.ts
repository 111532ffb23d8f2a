import { join } from 'node:path';

/** Made by `tools/prepare-integration.ts`. */
export const VIRTUAL_ENVIRONMENT = join(import.meta.dirname, '../../../build/workloads/python');
export const PYTHON = join(VIRTUAL_ENVIRONMENT, 'bin/python');

/** Client libraries, pinned so that a run can be repeated. */
export const PYTHON_PACKAGES = ['pymysql==1.2.4', 'psycopg[binary]==3.3.9'];
