/**
 * When somebody had an address, as far as it is known, in milliseconds since 1970: not before `from`, certainly since
 * `sureFrom`, certainly until `sureTo`, not after `to`. Infinity: it is not known to have ended.
 */
export interface Span {
  readonly from: number;
  readonly sureFrom: number;
  readonly sureTo: number;
  readonly to: number;
}

/** How far the clocks of two nodes, or a node's and ours, are taken to differ at most. */
export const CLOCK_SKEW_MILLIS = 1_000;

/**
 * A pod whose object went while its containers ran (a forced deletion, a lost node) may run on: for its grace period, 30 s
 * by default, and as long again for a kubelet under load.
 */
export const LINGER_MILLIS = 60_000;

/**
 * By then the API server, and we, know who has an address now: kubelets send what changed within ten seconds.
 * https://kubernetes.io/docs/reference/node/node-status/#heartbeats
 */
export const REPORT_MILLIS = 10_000;
