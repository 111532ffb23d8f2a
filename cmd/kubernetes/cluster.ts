import type { Duplex, Readable } from 'node:stream';
import type { KubernetesObject } from '../../contract/kubernetes-object.ts';

export type { KubernetesObject, ObjectMeta, OwnerReference } from '../../contract/kubernetes-object.ts';

/** `{ apiVersion: 'apps/v1', kind: 'Deployment' }`; the path is found by the API server's discovery. */
export interface ResourceType {
  readonly apiVersion: string;
  readonly kind: string;
}

export interface Selection {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface LogOptions {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly follow?: boolean;
  readonly previous?: boolean;
  readonly sinceSeconds?: number;
  readonly tailLines?: number;
  readonly timestamps?: boolean;
  readonly signal?: AbortSignal;
}

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubernetesObject }
  /** The list as it is now, first and after each loss of the connection: what is not in it is gone. */
  | { readonly type: 'LISTED'; readonly objects: readonly KubernetesObject[] };

/** What shows who is calling, to the API server or to whoever asks it: a header, or a client certificate (PEM). */
export interface Credentials {
  readonly authorization?: string;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
}

export type Patch =
  | { readonly type: 'merge' | 'strategic'; readonly body: unknown }
  | { readonly type: 'json'; readonly body: readonly unknown[] };

/**
 * The API server as commands see it. Every method rejects with UserError: DBA1101 (cannot be reached), DBA1102 (no
 * right; verb and resource named), DBA1103 (not found), DBA1107 (refused; the server's message).
 */
export interface Cluster {
  /** Of the kubeconfig's context, or `-n`. */
  readonly namespace: string;
  /** The name of the context in use. */
  readonly context: string;
  version(): Promise<{ readonly major: number; readonly minor: number; readonly gitVersion: string }>;
  /** What the API server's clock says, to the second. */
  serverTime(): Promise<Date>;
  list(type: ResourceType, selection?: Selection): Promise<readonly KubernetesObject[]>;
  /** Undefined where there is none. */
  find(type: ResourceType, name: string, namespace?: string): Promise<KubernetesObject | undefined>;
  /** Whether the API server serves this type. */
  serves(type: ResourceType): Promise<boolean>;
  create(object: KubernetesObject, options?: { readonly dryRun?: boolean }): Promise<KubernetesObject>;
  /** Server-side apply, field manager `dbaudit`, conflicts forced. */
  apply(object: KubernetesObject, options?: { readonly dryRun?: boolean }): Promise<KubernetesObject>;
  patch(
    type: ResourceType,
    name: string,
    namespace: string | undefined,
    patch: Patch,
    options?: { readonly dryRun?: boolean },
  ): Promise<KubernetesObject>;
  /** True where there was one. */
  remove(
    type: ResourceType,
    name: string,
    namespace?: string,
    options?: { readonly gracePeriodSeconds?: number; readonly propagation?: 'Background' | 'Foreground' },
  ): Promise<boolean>;
  /** Asks for eviction: `refused` where a disruption budget forbids it now. */
  evict(namespace: string, pod: string): Promise<'evicted' | 'refused' | 'gone'>;
  watch(type: ResourceType, selection: Selection, signal: AbortSignal): AsyncIterable<WatchEvent>;
  /** Bytes of a container's log; ends with it. */
  logs(options: LogOptions): Promise<Readable>;
  /** A connection to a port of the pod, loopback included. */
  portForward(namespace: string, pod: string, port: number): Promise<Duplex>;
  /**
   * The caller's own, renewed where they are about to end. Rejects with DBA1004 where the flags ask to act as somebody else:
   * only the API server can grant that.
   */
  credentials(): Promise<Credentials>;
  /** May the caller do this? */
  mayI(
    verb: string,
    resource: string,
    options?: { readonly group?: string; readonly namespace?: string },
  ): Promise<boolean>;
}
