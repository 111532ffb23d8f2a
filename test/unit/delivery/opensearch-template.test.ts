import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { type AuditEvent, auditEventSchema } from '../../../contract/audit-event.ts';
import { indexTemplate, TEMPLATE_VERSION } from '../../../delivery/sinks/opensearch/index-template.ts';
import { sampleEvents } from '../../support/audit-events.ts';

/** Raise TEMPLATE_VERSION together with it, once a version with the one before is in use. */
const DIGEST_OF_VERSION_2 = '12879fb8f24cf2718d2332a811769c9865f90ef03e595a5bca28125d16f99e7a';

interface Mapping {
  readonly type?: string;
  readonly enabled?: boolean;
  readonly ignore_above?: number;
  readonly properties?: Readonly<Record<string, Mapping>>;
}

const template = indexTemplate('events', { number_of_shards: 3 });
const { mappings } = (template as { template: { mappings: Mapping } }).template;

function mappingOf(path: string): Mapping | undefined {
  return path.split('.').reduce<Mapping | undefined>((at, name) => at?.properties?.[name], mappings);
}

/** Paths of an event's values, as far as they are mapped. */
function* pathsOf(value: object, prefix = ''): Generator<string> {
  for (const [name, inner] of Object.entries(value)) {
    const path = `${prefix}${name}`;
    if (typeof inner !== 'object' || Array.isArray(inner) || mappingOf(path)?.enabled === false) yield path;
    else yield* pathsOf(inner, `${path}.`);
  }
}

describe('the index template', () => {
  test('is for the data stream alone and says who made it', () => {
    expect(template).toMatchObject({
      index_patterns: ['events'],
      data_stream: {},
      template: { settings: { index: { number_of_shards: 3 } }, mappings: { dynamic: false } },
      _meta: { managed_by: 'dbaudit', version: TEMPLATE_VERSION },
    });
  });

  test('has a new version where its mappings are new', () => {
    expect(createHash('sha256').update(JSON.stringify(mappings)).digest('hex')).toBe(DIGEST_OF_VERSION_2);
    expect(TEMPLATE_VERSION).toBe(2);
  });

  test.each([
    ['@timestamp', 'date_nanos'],
    ['event.end', 'date_nanos'],
    ['event.duration', 'long'],
    ['event.category', 'keyword'],
    ['db.query.text', 'text'],
    ['db.response.status_code', 'keyword'],
    ['client.ip', 'ip'],
    ['dbaudit.schema', 'long'],
    ['dbaudit.statement.tables', 'keyword'],
    ['dbaudit.statement.truncated', 'boolean'],
    ['dbaudit.result.insert_id', 'keyword'],
    ['dbaudit.actor.confidence', 'float'],
    ['dbaudit.client.k8s.pod', 'keyword'],
    ['dbaudit.statement.template', 'text'],
    ['kubernetes.audit.responseStatus.code', 'long'],
  ])('%s is of type %s', (path, type) => {
    expect(mappingOf(path)?.type).toBe(type);
  });

  test('maps with free keys are kept whole', () => {
    for (const path of [
      'db.query.parameter',
      'dbaudit.session.attributes',
      'dbaudit.client.k8s.labels',
      'orchestrator',
    ]) {
      expect(mappingOf(path)).toEqual({ type: 'object', enabled: false });
    }
  });

  test('every field of the contract is mapped, and every keyword is bounded below Lucene’s 32,766 bytes', () => {
    const leaves = (mapping: Mapping): Mapping[] =>
      mapping.properties === undefined ? [mapping] : Object.values(mapping.properties).flatMap(leaves);
    for (const { type, ignore_above } of leaves(mappings)) {
      expect(type).toBeDefined();
      if (type === 'keyword') expect((ignore_above ?? Number.POSITIVE_INFINITY) * 4).toBeLessThan(32_766);
    }
    expect(Object.keys(mappings.properties ?? {}).sort()).toEqual(Object.keys(auditEventSchema.shape).sort());
    const events: readonly AuditEvent[] = sampleEvents();
    for (const path of events.flatMap((event) => [...pathsOf(event)]))
      expect([path, mappingOf(path)?.type]).not.toContain(undefined);
  });
});
