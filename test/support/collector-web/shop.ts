import type { Party } from '../../../contract/audit-event.ts';

/** Who talks to which database in the trail, and what they say. */
export const CLIENTS: readonly { readonly ip: string; readonly k8s: Party }[] = [
  { ip: '10.42.0.11', k8s: workload('shop', 'orders', 'orders-7c9f5d-x2k') },
  { ip: '10.42.1.12', k8s: workload('shop', 'checkout', 'checkout-5b8-q9z') },
  { ip: '10.42.2.13', k8s: workload('reporting', 'nightly', 'nightly-28812-abc') },
  { ip: '203.0.113.9', k8s: { kind: 'external' } },
  { ip: '10.42.3.77', k8s: { kind: 'unknown' } },
  { ip: '10.0.0.4', k8s: { kind: 'node', node: 'worker-1' } },
];
export const USERS = ['orders', 'checkout', 'report', 'root'];
export const STATEMENTS = [
  {
    text: "SELECT id, total FROM orders WHERE customer = 'c-4711' AND total > 100 ORDER BY id DESC LIMIT 20",
    template: 'SELECT id, total FROM orders WHERE customer = ? AND total > ? ORDER BY id DESC LIMIT ?',
    operation: 'SELECT',
    class: 'READ',
    tables: ['orders'],
  },
  {
    text: "INSERT INTO orders (customer, total) VALUES ('c-4711', 99.5)",
    template: 'INSERT INTO orders (customer, total) VALUES (?, ?)',
    operation: 'INSERT',
    class: 'WRITE',
    tables: ['orders'],
  },
  {
    text: "UPDATE stock SET amount = amount - 1 WHERE article = 'a-12'",
    template: 'UPDATE stock SET amount = amount - ? WHERE article = ?',
    operation: 'UPDATE',
    class: 'WRITE',
    tables: ['stock'],
  },
  {
    text: "SELECT c.name, count(*) FROM customers c LEFT JOIN orders o ON o.customer = c.id WHERE c.country IN ('DE', 'CN') GROUP BY c.name HAVING count(*) > 3",
    template:
      'SELECT c.name, count(*) FROM customers c LEFT JOIN orders o ON o.customer = c.id WHERE c.country IN (?) GROUP BY c.name HAVING count(*) > ?',
    operation: 'SELECT',
    class: 'READ',
    tables: ['customers', 'orders'],
  },
  { text: 'COMMIT', template: 'COMMIT', operation: 'COMMIT', class: 'MISC', tables: [] },
  {
    text: 'ALTER TABLE stock ADD COLUMN reserved INT DEFAULT 0',
    template: 'ALTER TABLE stock ADD COLUMN reserved INT DEFAULT ?',
    operation: 'ALTER TABLE',
    class: 'DDL',
    tables: ['stock'],
  },
] as const;
export const SYSTEMS = [
  { name: 'postgresql', namespace: 'shop', port: 5432 },
  { name: 'mysql', namespace: 'billing', port: 3306 },
] as const;
export const SERVER: Party = {
  kind: 'pod',
  namespace: 'shop',
  pod: 'pg-0',
  owner: { kind: 'StatefulSet', name: 'pg' },
};

/** A pod of a Deployment, as the collector names it. */
export function workload(namespace: string, name: string, pod: string): Party {
  return { kind: 'pod', namespace, pod, owner: { kind: 'Deployment', name }, service_account: name };
}
