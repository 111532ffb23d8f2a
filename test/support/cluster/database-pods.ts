import type { ServerProtocol } from '../servers/running-server.ts';
import { ACCOUNT, MARIADB_LOG_SIZE } from './database-image.ts';
import { UNPRIVILEGED_ID } from './staged-root.ts';
import { IMAGES } from './suite-images.ts';

const MARIADB_SOCKET = '/data/mariadb.sock';
/** Where the servers keep what `database-ledger.ts` reads. */
export const MARIADB_LOG = '/data/general.log';
export const POSTGRES_SOCKETS = '/data';
export const POSTGRES_LOG = '/data/statements.json';
export const REDIS_SOCKET = '/data/redis.sock';

const DATABASE_PORTS: Readonly<Record<ServerProtocol, number>> = { mysql: 3306, postgresql: 5432, redis: 6379 };

/** Each logs every statement and login itself, in full; none writes to disk with care. */
const SERVERS: Readonly<Record<ServerProtocol, readonly string[]>> = {
  mysql: [
    'mariadbd',
    '--no-defaults',
    '--datadir=/data/mariadb',
    `--socket=${MARIADB_SOCKET}`,
    '--bind-address=*',
    '--skip-name-resolve',
    '--general-log',
    `--general-log-file=${MARIADB_LOG}`,
    '--innodb-buffer-pool-size=32M',
    '--innodb-flush-log-at-trx-commit=0',
    MARIADB_LOG_SIZE,
  ],
  postgresql: [
    'postgres',
    ...['-D', '/data/postgresql'],
    ...[
      'listen_addresses=*',
      `unix_socket_directories=${POSTGRES_SOCKETS}`,
      'fsync=off',
      'shared_buffers=32MB',
      'dynamic_shared_memory_type=mmap',
      'logging_collector=on',
      'log_destination=jsonlog',
      'log_directory=/data',
      'log_filename=statements',
      'log_rotation_size=0',
      'log_statement=all',
      'log_connections=on',
      'log_parameter_max_length_on_error=-1',
    ].flatMap((setting) => ['-c', setting]),
  ],
  redis: ['redis-server', '/etc/redis.conf'],
};

const READY: Readonly<Record<ServerProtocol, readonly string[]>> = {
  mysql: ['test', '-S', MARIADB_SOCKET],
  postgresql: ['pg_isready', '--host', POSTGRES_SOCKETS],
  redis: ['redis-cli', '-s', REDIS_SOCKET, 'PING'],
};

/** Admitted in namespaces of every Pod Security level. */
export const UNPRIVILEGED = {
  runAsUser: UNPRIVILEGED_ID,
  runAsGroup: UNPRIVILEGED_ID,
  runAsNonRoot: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
} as const;

/** Of a pod or of a workload's template. */
export interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly terminationGracePeriodSeconds: number; readonly containers: readonly object[] };
}

/** A server of `protocol`, with its statement log on; the probe sends no packet and leaves nothing in that log. */
export function serverTemplate(name: string, protocol: ServerProtocol): PodTemplate {
  return {
    metadata: { labels: { app: name } },
    spec: {
      terminationGracePeriodSeconds: 2,
      containers: [
        {
          name: 'server',
          image: IMAGES.databases,
          command: SERVERS[protocol],
          env: [{ name: 'TZ', value: 'Etc/UTC' }],
          ports: [{ containerPort: DATABASE_PORTS[protocol] }],
          readinessProbe: { exec: { command: READY[protocol] }, periodSeconds: 1, timeoutSeconds: 5 },
          securityContext: UNPRIVILEGED,
        },
      ],
    },
  };
}

/** A pod with the clients of all three servers that waits for `clientCommand`s. */
export function clientTemplate(name: string): PodTemplate {
  return {
    metadata: { labels: { app: name } },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: 'client',
          image: IMAGES.databases,
          command: ['sleep', 'infinity'],
          securityContext: UNPRIVILEGED,
        },
      ],
    },
  };
}

/** A Deployment of one pod. */
export function deployment(name: string, template: PodTemplate): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { replicas: 1, selector: { matchLabels: template.metadata.labels }, template },
  };
}

/** A bare pod. */
export function pod(name: string, template: PodTemplate): object {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, ...template.metadata }, spec: template.spec };
}

/** A Service with an address of its own, in front of `serverTemplate(name, protocol)`. */
export function service(name: string, protocol: ServerProtocol): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name },
    spec: { selector: { app: name }, ports: [{ port: DATABASE_PORTS[protocol] }] },
  };
}

/** For `TestCluster.apply`. */
export function manifests(...objects: readonly object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
}

/** A command line for `kubectl exec` in a client pod: a login as ACCOUNT over TCP, then each statement, without TLS. */
export function clientCommand(
  protocol: ServerProtocol,
  host: string,
  statements: readonly string[],
): readonly string[] {
  const { user, password, database } = ACCOUNT;
  switch (protocol) {
    case 'mysql':
      return [
        'mariadb',
        '--no-defaults',
        '--skip-ssl',
        '--comments',
        `--host=${host}`,
        `--user=${user}`,
        `--password=${password}`,
        `--database=${database}`,
        `--execute=${statements.join(';')}`,
      ];
    case 'postgresql':
      return [
        'psql',
        '--quiet',
        '--no-psqlrc',
        '--set=ON_ERROR_STOP=1',
        `host=${host} user=${user} password=${password} dbname=${database} sslmode=disable`,
        ...statements.flatMap((statement) => ['--command', statement]),
      ];
    case 'redis':
      // One connection for all: redis-cli takes commands from its input. Without a server it says nothing and ends well.
      return [
        'sh',
        '-c',
        'host=$1; shift; said=$(printf "%s\\n" "$@" | redis-cli -e -h "$host") && test -n "$said" && echo "$said"',
        'sh',
        host,
        `AUTH ${user} ${password}`,
        ...statements,
      ];
  }
}
