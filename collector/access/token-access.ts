import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { KubernetesUser } from '../../kubernetes/token-review.ts';
import type { KubernetesWord } from '../door.ts';

const LOCAL_USER: KubernetesUser = { name: 'local', groups: [], extra: {} };

/** Outside of Kubernetes: whoever has the token of a file, which is read anew each time, may do everything. */
export function tokenWord(tokenFile: string): KubernetesWord {
  const holderOf = async (token: string) => {
    const known = (await readFile(tokenFile, 'utf8')).trim();
    const isTheirs = known !== '' && timingSafeEqual(digest(token), digest(known));
    return isTheirs ? { user: LOCAL_USER, expiresAt: Number.POSITIVE_INFINITY } : undefined;
  };
  return {
    reviewToken: holderOf,
    reviewOwnToken: holderOf,
    reviewAccess: async () => true,
    checkMetricsAccess: async (token) =>
      token !== undefined && (await holderOf(token)) !== undefined ? 'granted' : 'unauthenticated',
  };
}

/** Of equal length, whatever the token's. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
