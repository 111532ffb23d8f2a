import { describe, expect, test } from '@jest/globals';
import { bareDocumentOf, documentOf, eventOf } from '../../../../collector/store/opensearch/document.ts';
import { endOf, indexOf } from '../../../../collector/store/opensearch/index-names.ts';
import { searchMappings } from '../../../../collector/store/opensearch/search-fields.ts';
import type { AuditEvent } from '../../../../contract/audit-event.ts';
import { EVENT_FIELD_LIST } from '../../../../contract/event-fields.ts';
import { auditEvent } from '../../../support/audit-events.ts';

function written(event: AuditEvent): AuditEvent {
  return JSON.parse(JSON.stringify(event));
}

describe('an event as a document', () => {
  test('is the event, and beside it what its fields do not answer', () => {
    const event = written(auditEvent({ db: { query: { text: 'SELECT ?', parameter: { 0: '10.0.0.7', 1: null } } } }));
    const { indexed, ...rest } = JSON.parse(documentOf(event));
    expect(rest).toEqual(event);
    expect(indexed).toMatchObject({
      present: ['db.query.parameter'],
      maps: { parameters: { values: ['10.0.0.7'], entries: ['30=10.0.0.7'] } },
    });
    expect(indexed.addresses).toEqual(
      expect.arrayContaining(['parameters/4=0a000007', 'parameters.30/4=0a000007', 'server_ip/4=0a60000a']),
    );
  });

  test.each<[string, AuditEvent]>([
    ['NUL', auditEvent({ db: { query: { text: 'a\0b' } } })],
    ['half a surrogate pair', auditEvent({ db: { query: { text: 'a\ud800' } } })],
    ['a day that there is not', auditEvent({ at: '2026-02-31T00:00:00.000000000Z' })],
    ['a time before 1970', auditEvent({ at: '1960-01-01T00:00:00.000000000Z' })],
    [
      'a name that is a path',
      auditEvent({
        rest: { kubernetes: { namespace: 'shop', audit: { auditID: 'a', stage: 's', verb: 'get', 'a..b': 1 } } },
      }),
    ],
  ])('is given back exactly with %s', (_, made) => {
    const event = written(made);
    const document = JSON.parse(documentOf(event));
    expect(document.indexed.original).toBe(JSON.stringify(event));
    expect(eventOf(document)).toEqual(event);
    expect(eventOf(JSON.parse(bareDocumentOf(event)))).toEqual(event);
  });
});

describe('mappings', () => {
  const paths = (properties: object, prefix = ''): string[] =>
    Object.entries(properties).flatMap(([name, mapping]) =>
      'properties' in mapping ? paths(mapping.properties, `${prefix}${name}.`) : [`${prefix}${name}`],
    );

  test('have every field that can be searched by', () => {
    const mappings = searchMappings();
    expect(mappings).toMatchObject({ dynamic: false });
    const known = new Set(
      paths('properties' in mappings && typeof mappings.properties === 'object' ? (mappings.properties ?? {}) : {}),
    );
    const missing = EVENT_FIELD_LIST.filter(({ name, type }) => type !== 'map' && !known.has(name));
    expect(missing).toEqual([]);
    expect(known).toContain('indexed.maps.parameters.entries');
  });
});

describe('indexes', () => {
  const monthly = { indexPrefix: 'kept', indexEvery: 'month' } as const;
  const daily = { indexPrefix: 'kept', indexEvery: 'day' } as const;

  test('are told by the time of an event alone', () => {
    expect(indexOf(monthly, '2026-11-22T01:02:03.000000000Z')).toBe('kept-2026.11');
    expect(indexOf(daily, '2026-11-22T01:02:03.000000000Z')).toBe('kept-2026.11.22');
    expect(indexOf(daily, '1970-01-01T00:00:00.000000000Z')).toBe('kept-other');
    expect(indexOf(monthly, '9999-99-99T99:99:99.000000000Z')).toBe('kept-other');
  });

  test('end with their month or day', () => {
    expect(endOf(monthly, 'kept-2026.12')).toBe(Date.UTC(2027, 0, 1));
    expect(endOf(daily, 'kept-2026.02.28')).toBe(Date.UTC(2026, 2, 1));
    expect(endOf(monthly, 'kept-other')).toBeUndefined();
    expect(endOf(monthly, 'others-2026.12')).toBeUndefined();
  });
});
