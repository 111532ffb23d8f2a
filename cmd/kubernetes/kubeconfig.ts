import { existsSync } from 'node:fs';
import type { OutgoingHttpHeaders } from 'node:http';
import type { RequestOptions } from 'node:https';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { UserError } from '../../contract/user-error.ts';
import type { GlobalOptions } from '../global-options.ts';

/** The one context in use, with what the flags say in place of what the files say. */
export interface Connection {
  readonly kubeConfig: KubeConfig;
  readonly context: string;
  readonly namespace: string;
  readonly server: string;
  readonly throughProxy: boolean;
}

/**
 * Reads the kubeconfig as kubectl does: `--kubeconfig`, else the files of $KUBECONFIG of which the first wins, else
 * ~/.kube/config. A service account's mount is never taken for one.
 * @throws UserError DBA1101 where there is none, or it does not have what is asked for
 */
export function loadConnection(
  globals: GlobalOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Connection {
  const files = kubeconfigFiles(globals, environment);
  const present = files.filter((file) => existsSync(file));
  if (globals.kubeconfig !== undefined && present.length === 0)
    throw unusable(`there is no file ${globals.kubeconfig}`);
  const merged = new KubeConfig();
  for (const file of present) merge(merged, file);
  const context = merged.getContextObject(globals.context ?? merged.getCurrentContext() ?? '');
  if (globals.context !== undefined && context === null) {
    throw unusable(
      `the kubeconfig has no context ${globals.context}; it has ${list(merged.getContexts().map(({ name }) => name))}`,
    );
  }
  if (context === null && globals.server === undefined) {
    throw unusable(present.length === 0 ? `there is no kubeconfig (${files.join(', ')})` : 'no context is chosen');
  }
  const clusterName = globals.cluster ?? context?.cluster;
  const cluster =
    clusterName === undefined ? undefined : found(merged.getCluster(clusterName), `cluster ${clusterName}`);
  const userName = globals.user ?? context?.user;
  const user = userName === undefined ? undefined : found(merged.getUser(userName), `user ${userName}`);
  const server = globals.server ?? cluster?.server;
  if (server === undefined) throw unusable(`the context ${context?.name ?? ''} names no cluster`);
  const name = context?.name ?? server;
  const kubeConfig = new ActingKubeConfig(globals);
  kubeConfig.loadFromOptions({
    clusters: [
      {
        ...cluster,
        name: cluster?.name ?? server,
        server: server.replace(/\/$/, ''),
        // The library refuses plain http (`kubectl proxy`) otherwise.
        skipTLSVerify: globals.insecureSkipTlsVerify ?? (cluster?.skipTLSVerify === true || server.startsWith('http:')),
        tlsServerName: globals.tlsServerName ?? cluster?.tlsServerName,
        ...(globals.certificateAuthority === undefined
          ? {}
          : { caFile: globals.certificateAuthority, caData: undefined }),
      },
    ],
    users: [
      {
        ...(globals.token === undefined ? user : { token: globals.token }),
        name: user?.name ?? 'flags',
        ...(globals.clientCertificate === undefined
          ? {}
          : { certFile: globals.clientCertificate, certData: undefined }),
        ...(globals.clientKey === undefined ? {} : { keyFile: globals.clientKey, keyData: undefined }),
        ...(globals.as === undefined ? {} : { impersonateUser: globals.as }),
      },
    ],
    contexts: [{ name, cluster: cluster?.name ?? server, user: user?.name ?? 'flags' }],
    currentContext: name,
  });
  return {
    kubeConfig,
    context: name,
    namespace: globals.namespace ?? context?.namespace ?? 'default',
    server: server.replace(/\/$/, ''),
    throughProxy: cluster?.proxyUrl !== undefined,
  };
}

/** Adds the groups and the uid to act with, for which the library has no field. */
class ActingKubeConfig extends KubeConfig {
  readonly #globals: GlobalOptions;

  constructor(globals: GlobalOptions) {
    super();
    this.#globals = globals;
  }

  override async applyToHTTPSOptions(options: RequestOptions): Promise<void> {
    const headers: OutgoingHttpHeaders = {};
    if (this.#globals.asGroup !== undefined) headers['Impersonate-Group'] = [...this.#globals.asGroup];
    if (this.#globals.asUid !== undefined) headers['Impersonate-Uid'] = this.#globals.asUid;
    options.headers = headers;
    await super.applyToHTTPSOptions(options);
  }
}

/** What `--context`, `--cluster` and `--user` can name. */
export function kubeconfigNames(
  globals: GlobalOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<'context' | 'cluster' | 'user', readonly string[]>> {
  const merged = new KubeConfig();
  for (const file of kubeconfigFiles(globals, environment)) if (existsSync(file)) merge(merged, file);
  const names = (entries: readonly { readonly name: string }[]) => entries.map(({ name }) => name).sort();
  return { context: names(merged.contexts), cluster: names(merged.clusters), user: names(merged.users) };
}

function kubeconfigFiles(
  globals: GlobalOptions,
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  if (globals.kubeconfig !== undefined) return [globals.kubeconfig];
  const named = (environment.KUBECONFIG ?? '').split(delimiter).filter((file) => file !== '');
  return named.length > 0 ? named : [join(environment.HOME ?? homedir(), '.kube', 'config')];
}

function merge(merged: KubeConfig, file: string): void {
  const next = new KubeConfig();
  try {
    next.loadFromFile(file);
  } catch (error) {
    throw unusable(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const isNew = (known: readonly { readonly name: string }[]) => (entry: { readonly name: string }) =>
    !known.some(({ name }) => name === entry.name);
  next.clusters = next.clusters.filter(isNew(merged.clusters));
  next.users = next.users.filter(isNew(merged.users));
  next.contexts = next.contexts.filter(isNew(merged.contexts));
  merged.mergeConfig(next, Boolean(merged.currentContext));
}

function found<Entry>(entry: Entry | null, what: string): Entry {
  if (entry === null) throw unusable(`the kubeconfig has no ${what}`);
  return entry;
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}

function unusable(message: string): UserError {
  return new UserError(
    'DBA1101',
    message,
    '`kubectl config get-contexts` lists what there is; --kubeconfig and --context choose.',
  );
}
