import { chmodSync, renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { HOST_PLATFORM, type Platform, slimNode } from '../node-binaries.ts';
import { run } from '../run.ts';

/**
 * Puts a CommonJS bundle into Node for a platform. Compiled code goes in where it is this machine's own platform: others
 * could not use it, and their start takes longer for it.
 * https://nodejs.org/api/single-executable-applications.html
 */
export function buildExecutable(
  bundle: string,
  platform: Platform,
  output: string,
  warn: (message: string) => void,
): void {
  const unfinished = resolve(`${output}.part`);
  const configuration = `${output}.json`;
  const settings = {
    main: bundle,
    mainFormat: 'commonjs',
    executable: slimNode(platform, warn),
    output: unfinished,
    disableExperimentalSEAWarning: true,
    useCodeCache: platform === HOST_PLATFORM,
    // NODE_OPTIONS is for the user's own Node programs.
    execArgvExtension: 'none',
  };
  writeFileSync(configuration, JSON.stringify(settings, null, 2));
  run(process.execPath, ['--build-sea', configuration]);
  chmodSync(unfinished, 0o755);
  renameSync(unfinished, output);
}
