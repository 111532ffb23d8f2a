import * as z from 'zod';
import { contentId, type ReadBody, type ThirdPartyContext, thirdPartyEvent, timestampOf } from './third-party-event.ts';

/** In syslog's order. https://falco.org/docs/concepts/rules/basic-elements/#priority */
const PRIORITIES: readonly string[] = [
  'emergency',
  'alert',
  'critical',
  'error',
  'warning',
  'notice',
  'informational',
  'debug',
];
/** Falco's own word for a field that has no value. */
const NO_VALUE = '<NA>';

const name = z
  .unknown()
  .transform((value) => (typeof value === 'string' && value !== '' && value !== NO_VALUE ? value : undefined))
  .optional();

/** With `json_output: true`. https://falco.org/docs/concepts/outputs/formatting/ */
const alertSchema = z.looseObject({
  rule: z.string().min(1),
  priority: z
    .string()
    .transform((word) => PRIORITIES.indexOf(word.toLowerCase() === 'info' ? 'informational' : word.toLowerCase()))
    .refine((severity) => severity >= 0, `expected one of ${PRIORITIES.join(', ')}`),
  time: z.iso.datetime({ offset: true }),
  /** Not with `json_include_output_property: false`. */
  output: z.string().optional(),
  hostname: name,
  source: name,
  output_fields: z.looseObject({ 'k8s.ns.name': name, 'k8s.pod.name': name, 'container.id': name }).nullish(),
});

/** An alert as Falco's http_output posts it, one in a body. The same alert posted again has the same id. */
export function falcoEvents(body: unknown, context: ThirdPartyContext): ReadBody {
  const parsed = alertSchema.safeParse(body);
  if (!parsed.success) return { problem: describe(parsed.error) };
  const { rule, priority, time, output, hostname, source, output_fields: fields } = parsed.data;
  const namespace = fields?.['k8s.ns.name'];
  const pod = fields?.['k8s.pod.name'];
  const node = hostname ?? context.node;
  const container = fields?.['container.id'];
  const event = thirdPartyEvent(
    withNanos(time),
    {
      id: contentId('falco', body),
      kind: 'alert',
      category: ['intrusion_detection'],
      type: ['indicator'],
      action: 'falco.alert',
      outcome: 'unknown',
      dataset: `falco.${source ?? 'syscall'}`,
      severity: priority,
    },
    output ?? rule,
    {
      kubernetes: {
        namespace: namespace ?? '-',
        ...(pod === undefined ? {} : { pod: { name: pod } }),
        ...(node === undefined ? {} : { node: { name: node } }),
      },
      rule: { id: rule, name: rule, ruleset: 'falco' },
      ...(container === undefined || container === 'host' ? {} : { orchestrator: { container: { id: container } } }),
    },
  );
  return { events: [event] };
}

/** Where and what, on one line. */
export function describe({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.join('.') || '(the whole body)'}: ${message}`).join('; ');
}

/** Falco writes nanoseconds, and in UTC unless told otherwise. */
function withNanos(time: string): string {
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? '';
  const seconds = timestampOf(Date.parse(time)).slice(0, -'.000000000Z'.length);
  return `${seconds}.${fraction.slice(0, 9).padEnd(9, '0')}Z`;
}
