import * as z from 'zod';
import { containersOf, type Pod } from './pod.ts';
import { parseAmount } from './resource-amount.ts';

/*
 * The kubelet evicts a pod whose emptyDir outgrows its sizeLimit, and one whose containers together write more (logs and
 * emptyDirs too) than the sum of their limits of ephemeral storage, where any is set.
 * https://kubernetes.io/docs/concepts/storage/ephemeral-storage/
 */

export const EPHEMERAL_STORAGE = 'ephemeral-storage';
/** What of the volume the agent may fill: the rest is for what file systems need beside the content, and for one segment too many. */
export const SPOOL_SHARE = { numerator: 3, denominator: 4 } as const;
/** For the agent's log: the kubelet keeps five files of 10 MiB of each container, on nodes that log much some more. */
export const LOG_MEBIBYTES = 256;
/** Requested, since the API server would take the limit for it, and a node with less free space for unfit. */
export const REQUESTED_STORAGE = '0';

const BYTES_PER_MEBIBYTE = 1_048_576n;
const limitedSchema = z.looseObject({
  resources: z.looseObject({ limits: z.looseObject({ [EPHEMERAL_STORAGE]: z.unknown() }).nullish() }).nullish(),
});

/**
 * Whether a container of the pod limits its ephemeral storage. Then the agent must add its own limit to the sum, or the
 * spool would count against the application's; where none does, a limit of ours would bind the application.
 */
export function limitsStorage(pod: Pod): boolean {
  return containersOf(pod).some((container) => {
    const limit = limitedSchema.safeParse(container).data?.resources?.limits?.[EPHEMERAL_STORAGE];
    return limit !== undefined && limit !== null;
  });
}

/** The same in an admission policy, over `object`. */
export const LIMITS_STORAGE_CEL = `(object.spec.containers + object.spec.?initContainers.orValue([])).exists(c, c.?resources.?limits[?"${EPHEMERAL_STORAGE}"].hasValue())`;

/** A size as the setting `spool-size` has it, in whole MiB. */
function mebibytesOf(spoolSize: string): number {
  return Number(parseAmount(spoolSize) / parseAmount(1) / BYTES_PER_MEBIBYTE);
}

/** What all that the agent keeps in the volume may take together, in MiB. */
export function usableMebibytes(spoolSize: string): number {
  return Math.floor((mebibytesOf(spoolSize) * SPOOL_SHARE.numerator) / SPOOL_SHARE.denominator);
}

/** What the agent's container adds to the pod's limit of ephemeral storage. */
export function storageLimit(spoolSize: string): string {
  return `${mebibytesOf(spoolSize) + LOG_MEBIBYTES}Mi`;
}
