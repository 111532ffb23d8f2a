import type { Platform } from '../node-binaries.ts';

/** What differs between the architectures of the image. */
export interface Architecture {
  readonly name: 'amd64' | 'arm64';
  readonly platform: Platform;
  /** Of Debian's directories and of its cross compiler. */
  readonly triplet: string;
}

export const ARCHITECTURES: readonly Architecture[] = [
  { name: 'amd64', platform: 'linux-amd64', triplet: 'x86_64-linux-gnu' },
  { name: 'arm64', platform: 'linux-arm64', triplet: 'aarch64-linux-gnu' },
];

export const IMAGE_DIRECTORY = 'build/image';
