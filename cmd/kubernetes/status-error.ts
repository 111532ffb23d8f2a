import { UserError } from '../../contract/user-error.ts';

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ as far as it is used. */
interface Status {
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly causes?: readonly { readonly reason?: string }[] };
}

/** The answer of an API server that did not do what was asked. */
export interface Refusal {
  readonly statusCode: number;
  readonly body: string;
  /** `list pods`, `apply Deployment dbaudit-system/dbaudit-injector`. */
  readonly action: string;
  readonly context: string;
}

/** What a user can do about it: DBA1101, DBA1102, DBA1103 or DBA1107, with the server's own words. */
export function refusalError({ statusCode, body, action, context }: Refusal): UserError {
  const message = readStatus(body).message ?? (body.trim().slice(0, 300) || `HTTP ${statusCode}`);
  switch (statusCode) {
    case 401:
      return new UserError(
        'DBA1101',
        `the API server does not accept the credentials of context ${context}: ${message}`,
        'Log in anew as your cluster wants it; `kubectl auth whoami` tests it.',
      );
    case 403:
      // Admission refuses with 403 too: a quota, Pod Security, a policy engine.
      if (!/ cannot \w+ /.test(message)) break;
      return new UserError(
        'DBA1102',
        `no right to ${action}: ${message}`,
        'Ask an administrator of the cluster; `kubectl auth can-i` tests it.',
      );
    case 404:
      return new UserError('DBA1103', `${action}: ${message}`, 'Check the name, the type and the namespace (`-n`).');
    case 502:
    case 503:
    case 504:
      return new UserError(
        'DBA1101',
        `the API server cannot answer now: ${message}`,
        'Try again; `kubectl get --raw /readyz?verbose` shows what it waits for.',
      );
  }
  return new UserError(
    'DBA1107',
    `the API server refused to ${action}: ${message}`,
    'The message is the API server’s own; a policy engine or a quota of the cluster may have to allow it.',
  );
}

/** What kept a request from reaching the API server. */
export function unreachableError(server: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
  return new UserError(
    'DBA1101',
    `${server}: ${reasons(error)}`,
    'Check the context (`kubectl config current-context`), the network and whether `kubectl version` answers.',
  );
}

/** Whether an eviction was refused by a disruption budget, and not by the server's limit on requests. */
export function isDisruptionBudget(body: string): boolean {
  return readStatus(body).details?.causes?.some(({ reason }) => reason === 'DisruptionBudget') === true;
}

function readStatus(body: string): Status {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** Connecting to several addresses fails with several errors. */
function reasons(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(reasons).join('; ');
  return error instanceof Error ? error.message : String(error);
}
