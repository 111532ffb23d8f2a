import type { TopAnswer } from '../../../contract/collector-api.ts';
import { isNameless, partyName } from '../event/words.ts';

/** How statements are told apart on the map. */
export const CLASSES = ['read', 'write', 'schema', 'other'] as const;
type AccessClass = (typeof CLASSES)[number];

export interface Cell {
  readonly counts: Readonly<Record<AccessClass, number>>;
  readonly total: number;
}

interface Side {
  readonly key: string;
  readonly name: string;
  /** The fields' values, for a search. */
  readonly values: readonly string[];
}

interface AccessMatrix {
  /** The busiest first; those without a name are among them. */
  readonly clients: readonly (Side & { readonly nameless: boolean })[];
  readonly databases: readonly (Side & { readonly system: string })[];
  /** Undefined: the two never met. */
  cell(client: string, database: string): Cell | undefined;
}

/** From rows of client kind, namespace, workload, database system, database and class, the busiest first. */
export function accessMatrix(rows: TopAnswer['rows']): AccessMatrix {
  const clients = new Map<string, AccessMatrix['clients'][number]>();
  const databases = new Map<string, AccessMatrix['databases'][number]>();
  const cells = new Map<string, { counts: Record<AccessClass, number>; total: number }>();
  for (const { values, events } of rows) {
    const [kind = '', namespace = '', owner = '', system = '', database = '', statementClass = ''] = values;
    const client = [kind, namespace, owner].join('\n');
    const server = [system, database].join('\n');
    if (!clients.has(client)) {
      const name = partyName(kind, namespace, owner);
      clients.set(client, { key: client, name, values: [kind, namespace, owner], nameless: isNameless(kind, owner) });
    }
    if (!databases.has(server))
      databases.set(server, { key: server, name: database, system, values: [system, database] });
    const key = `${client}\n\n${server}`;
    const cell = cells.get(key) ?? { counts: { read: 0, write: 0, schema: 0, other: 0 }, total: 0 };
    cell.counts[classOf(statementClass)] += events;
    cell.total += events;
    cells.set(key, cell);
  }
  return {
    clients: [...clients.values()],
    databases: [...databases.values()].sort((one, other) => (one.key < other.key ? -1 : 1)),
    cell: (client, server) => cells.get(`${client}\n\n${server}`),
  };
}

function classOf(statementClass: string): AccessClass {
  switch (statementClass) {
    case 'READ':
      return 'read';
    case 'WRITE':
      return 'write';
    case 'DDL':
    case 'ROLE':
      return 'schema';
    default:
      return 'other';
  }
}
