import { reportRequestSchema } from '../../contract/collector-api.ts';
import { get, json, notFound, post, type Route } from './route.ts';
import type { ReportFormat, ReportRoom } from './services.ts';

const TYPES: Readonly<Record<ReportFormat, string>> = {
  html: 'text/html; charset=utf-8',
  pdf: 'application/pdf',
  csv: 'text/csv; charset=utf-8',
};
/** A report is one file with its styles and pictures in it, without scripts, and in nobody's name. */
const REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox";
const need = { kind: 'scoped', right: { resource: 'reports', verb: 'get' } } as const;

export function reportRoutes(room: ReportRoom): readonly Route[] {
  return [
    get({ path: '/reports', need, run: async ({ scope }) => json(room.list(scope)) }),
    post({
      path: '/reports',
      need: { kind: 'scoped', right: { resource: 'reports', verb: 'create' } },
      recorded: { resource: 'reports', verb: 'create' },
      schema: reportRequestSchema,
      run: async ({ body, caller, scope }) => json(await room.make(body, caller.user.name, scope), { status: 201 }),
    }),
    get({
      path: '/reports/:file',
      need,
      recorded: { resource: 'reports', verb: 'get' },
      async run({ parameters: { file = '' }, scope }) {
        const [, id = '', ending] = /^([\w-]+)\.(html|pdf|csv)$/.exec(file) ?? [];
        const format = FORMATS.find((known) => known === ending);
        const bytes = format === undefined ? undefined : await room.read(id, format, scope);
        if (format === undefined || bytes === undefined) throw notFound(`report ${file}`);
        return { kind: 'file', bytes, type: TYPES[format], name: file, policy: REPORT_POLICY };
      },
    }),
  ];
}

const FORMATS: readonly ReportFormat[] = ['html', 'pdf', 'csv'];
