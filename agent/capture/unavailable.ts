/** Why a live capture cannot start or go on, in words that name the next step. */
import { UserError } from '../../contract/user-error.ts';

export function missingRight(detail: string): UserError {
  return new UserError(
    'DBA1003',
    `capturing packets needs the right CAP_NET_RAW, which this process does not have (${detail})`,
    'run as root, or `setcap cap_net_raw+ep` on the program that captures (node or tcpdump), or in Kubernetes add NET_RAW to securityContext.capabilities.add',
  );
}

export function noSuchDevice(device: string): UserError {
  return new UserError(
    'DBA1006',
    `there is no network device ${device}`,
    'set the capture device to `any` or to a name that `ip link` lists',
  );
}

/** `detail` says what is wrong with the source as a whole: not built, not installed, stopped by itself. */
export function unusableSource(source: string, detail: string, nextStep: string): UserError {
  return new UserError('DBA1006', `the capture source ${source} cannot be used: ${detail}`, nextStep);
}
