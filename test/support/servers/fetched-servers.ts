import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Where `tools/prepare-integration.ts` puts server versions that Debian does not have. */
export const FETCHED_SERVERS = join(import.meta.dirname, '../../../build/servers');

/** The directory of a fetched server, or undefined where it was not fetched. */
export function fetchedServer(name: string): string | undefined {
  const directory = join(FETCHED_SERVERS, name);
  return existsSync(directory) ? directory : undefined;
}
