import { describe, test } from '@jest/globals';
import fc from 'fast-check';
import { createNativeEncoder } from '../../agent/encode/native.ts';
import { createPacketbeatEncoder } from '../../agent/encode/packetbeat.ts';
import { SessionFacts } from '../../agent/protocols/session-facts.ts';
import { type AuditEvent, auditEventSchema } from '../../contract/audit-event.ts';
import {
  encodeLines,
  encodeOne,
  sampleAnalysis,
  sampleOptions,
  sampleSession,
  sampleStatement,
} from '../unit/agent/encode/sample-events.ts';

/** Any UTF-16 units, lone surrogates included, and often what JSON and UTF-8 treat in their own way. */
const anyText = fc
  .array(
    fc.oneof(
      fc.constantFrom('"', '\\', '\0', '\n', '\u001f', '\u007f', '\u2028', 'é', '订', '🙂', '\ud800', '\udc00'),
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''));

const count = fc.maxSafeNat();
const orNothing = <Value>(values: fc.Arbitrary<Value>) => fc.option(values, { nil: undefined });

const failed = fc.record({
  kind: fc.constant('failed' as const),
  code: anyText,
  message: anyText,
  sqlstate: orNothing(anyText),
});
const outcome = fc.oneof(fc.constant({ kind: 'ok' as const }), fc.constant({ kind: 'unseen' as const }), failed);

const statement = fc
  .record({
    action: fc.constantFrom('db.query' as const, 'db.execute' as const),
    text: orNothing(anyText),
    operation: orNothing(anyText),
    targets: orNothing(fc.array(anyText, { maxLength: 3 })),
    parameters: orNothing(fc.array(fc.option(anyText), { maxLength: 12 })),
    outcome,
    returnedRows: orNothing(count),
    affectedRows: orNothing(count),
    insertId: orNothing(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String)),
    warnings: orNothing(count),
    requestBytes: count,
    responseBytes: count,
    textLength: count,
    notes: orNothing(fc.array(anyText, { maxLength: 2 })),
  })
  .map(sampleStatement);

const analysis = orNothing(
  fc
    .record({ tables: fc.array(anyText, { maxLength: 3 }), summary: anyText, text: anyText, fingerprint: anyText })
    .map(sampleAnalysis),
);

const facts = fc.record({
  user: orNothing(anyText),
  database: orNothing(anyText),
  connectionId: orNothing(anyText),
  program: orNothing(anyText),
  driver: orNothing(anyText),
  attributes: orNothing(
    fc.dictionary(
      anyText.filter((name) => name !== '__proto__'),
      fc.option(anyText),
      { maxKeys: 3 },
    ),
  ),
});

function sessionWith(changes: Partial<SessionFacts>) {
  const session = sampleSession({ facts: new SessionFacts('mysql') });
  session.facts.update(changes);
  return session;
}

describe('the native encoder', () => {
  test('keeps every text and number, and the contract', () => {
    // One encoder for all, so that what it remembers of one event meets the next.
    const encoder = createNativeEncoder(sampleOptions());
    fc.assert(
      fc.property(statement, analysis, facts, (activity, found, known) => {
        const session = sessionWith(known);
        const line = auditEventSchema.parse(encodeOne(encoder, { activity, session, analysis: found }));
        const text = found === undefined ? activity.text : found.text;
        return (
          line.db?.query?.text === text?.toWellFormed() &&
          line.db?.namespace === known.database?.toWellFormed() &&
          line.user?.name === known.user?.toWellFormed() &&
          line.dbaudit.session?.connection_id === known.connectionId?.toWellFormed() &&
          sameParameters(line, activity.parameters) &&
          line.db?.response?.returned_rows === activity.returnedRows &&
          line.dbaudit.result?.affected_rows === activity.affectedRows &&
          line.dbaudit.result?.insert_id === activity.insertId &&
          line.source?.bytes === activity.requestBytes &&
          line.destination?.bytes === activity.responseBytes &&
          (activity.outcome.kind !== 'failed' || line.error?.message === activity.outcome.message.toWellFormed())
        );
      }),
      { numRuns: 1500 },
    );
  });

  test('writes one line for each event whatever is in it', () => {
    const encoder = createNativeEncoder(sampleOptions());
    fc.assert(
      fc.property(anyText, facts, (detail, known) => {
        const session = sessionWith(known);
        const lines = encodeLines(
          encoder,
          { activity: { kind: 'session-midstream', at: 0 }, session, analysis: undefined },
          {
            activity: { kind: 'blind', at: 0, reason: 'malformed', from: 'client', bytes: 1, forGood: false, detail },
            session,
            analysis: undefined,
          },
        );
        const [midstream, blind] = lines.map((line) => auditEventSchema.parse(JSON.parse(line)));
        return lines.length === 2 && midstream !== undefined && blind?.message === detail.toWellFormed();
      }),
      { numRuns: 300 },
    );
  });
});

test('the Packetbeat encoder writes JSON whatever is in an event', () => {
  const encoder = createPacketbeatEncoder(sampleOptions());
  fc.assert(
    fc.property(statement, analysis, facts, (activity, found, known) => {
      const line = encodeOne(encoder, { activity, session: sessionWith(known), analysis: found });
      return line.query === (found === undefined ? activity.text : found.text)?.toWellFormed();
    }),
    { numRuns: 300 },
  );
});

function sameParameters(line: AuditEvent, parameters: readonly (string | null)[] | undefined): boolean {
  const written = Object.entries(line.db?.query?.parameter ?? {});
  if (written.length !== (parameters?.length ?? 0)) return false;
  return written.every(([index, value]) => (parameters?.[Number(index)]?.toWellFormed() ?? null) === value);
}
