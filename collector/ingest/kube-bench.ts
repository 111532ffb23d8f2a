import * as z from 'zod';
import type { AuditEvent } from '../../contract/audit-event.ts';
import { describe } from './falco.ts';
import { contentId, type ReadBody, type ThirdPartyContext, thirdPartyEvent, timestampOf } from './third-party-event.ts';

/** Some 130 checks are one node's; a body beyond this is not kube-bench's. */
const MAX_CHECKS = 5_000;

const OUTCOMES = {
  PASS: { outcome: 'success', severity: 6 },
  FAIL: { outcome: 'failure', severity: 4 },
  /** To be checked by a person. */
  WARN: { outcome: 'unknown', severity: 5 },
  INFO: { outcome: 'unknown', severity: 6 },
} as const;

/** https://github.com/aquasecurity/kube-bench, check/controls.go and check/check.go */
const controlsSchema = z.looseObject({
  version: z.string().optional(),
  node_type: z.string().optional(),
  tests: z
    .array(
      z.looseObject({
        results: z
          .array(
            z.looseObject({
              test_number: z.string().min(1),
              test_desc: z.string(),
              status: z.enum(['PASS', 'FAIL', 'WARN', 'INFO']),
              reason: z.string().optional(),
            }),
          )
          .nullish(),
      }),
    )
    .nullish(),
});
/**
 * The output of `kube-bench --json`, one event for each check. It tells no time: the same output is the same run where it
 * comes on the same day (UTC), and another run on another.
 */
export function kubeBenchEvents(body: unknown, context: ThirdPartyContext): ReadBody {
  const parsed = z.array(controlsSchema).safeParse(controlsOf(body));
  if (!parsed.success) return { problem: describe(parsed.error) };
  const timestamp = timestampOf(context.at);
  const run = contentId('kube-bench', [timestamp.slice(0, 'YYYY-MM-DD'.length), context.node ?? '', body]);
  const events: AuditEvent[] = [];
  for (const { version, node_type: nodeType, tests } of parsed.data) {
    for (const { test_number: number, test_desc: text, status, reason } of (tests ?? []).flatMap(
      ({ results }) => results ?? [],
    )) {
      const checked = thirdPartyEvent(
        timestamp,
        {
          id: `${run}-${nodeType ?? ''}-${number}`,
          kind: 'event',
          category: ['configuration'],
          type: ['info'],
          action: 'kube_bench.check',
          dataset: 'kube_bench',
          ...OUTCOMES[status],
        },
        `${status}: ${text}${reason === undefined || reason === '' ? '' : ` (${reason})`}`,
        {
          ...(context.node === undefined ? {} : { kubernetes: { namespace: '-', node: { name: context.node } } }),
          rule: { id: number, name: text, ...(version === undefined ? {} : { ruleset: version }) },
          ...(nodeType === undefined ? {} : { orchestrator: { type: 'kubernetes', resource: { type: nodeType } } }),
        },
      );
      events.push(checked);
    }
  }
  if (events.length === 0) return { problem: 'Controls: there is no check in it' };
  return events.length > MAX_CHECKS
    ? { problem: `Controls: ${events.length} checks are more than ${MAX_CHECKS}` }
    : { events };
}

/** `--json`; before 0.6 it was the list of controls alone. Its problems are then told by their place in it. */
function controlsOf(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'Controls' in body ? body.Controls : body;
}
