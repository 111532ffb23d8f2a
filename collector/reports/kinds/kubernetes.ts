import { both } from '../../../contract/filter.ts';
import { chart, counted, note, ranking, section } from '../blocks.ts';
import { fieldsOf } from '../fields.ts';
import { any, atLeast, is, likeAny } from '../filters.ts';
import type { ReportKind } from '../kind.ts';

const SHELLS = is('event.action', 'k8s.session.exec', 'k8s.session.attach', 'k8s.session.debug');
const FORWARDS = is('event.action', 'k8s.session.portforward');
const SECRETS = both(
  is('event.action', 'k8s.api'),
  is('kubernetes.audit.objectRef.resource', 'secrets'),
  is('kubernetes.audit.verb', 'get', 'list', 'watch'),
);
const REQUESTS = is(
  'event.action',
  'k8s.api',
  'k8s.session.exec',
  'k8s.session.attach',
  'k8s.session.debug',
  'k8s.session.portforward',
);
const DENIED = both(REQUESTS, any(is('kubernetes.audit.responseStatus.code', 401, 403), is('event.type', 'denied')));

export const kubernetes: ReportKind = {
  kind: 'kubernetes',
  async build(task) {
    const { texts, source } = task;
    const t = texts.kinds.kubernetes;
    const { apiUser, apiVerb, objectNamespace, object, apiStatus, action } = fieldsOf(texts);
    const summary = texts.frame.summary;
    if ((await source.count(REQUESTS)) === 0) {
      return [await section(task, summary, async () => note('limit', t.none))];
    }
    const databasePods = likeAny('kubernetes.audit.objectRef.name', task.list('database_pods'));
    const databaseSecrets = likeAny('kubernetes.audit.objectRef.name', task.list('database_secrets'));
    const sessions = any(SHELLS, FORWARDS);
    return [
      await section(
        task,
        summary,
        () =>
          counted(task, [
            { label: t.shells, filter: SHELLS },
            { label: t.databaseShells, filter: both(SHELLS, databasePods) },
            { label: t.forwards, filter: FORWARDS },
            { label: t.secrets, filter: SECRETS },
            { label: t.databaseSecrets, filter: both(SECRETS, databaseSecrets) },
            { label: t.denied, filter: DENIED },
          ]),
        () => chart(task, { title: t.course, filter: any(sessions, SECRETS), by: 'event.action' }),
      ),
      await section(task, t.sessions, () =>
        ranking(task, {
          title: t.bySession,
          fields: [action, apiUser, objectNamespace, object],
          filter: sessions,
          columns: ['events', 'first', 'last'],
        }),
      ),
      await section(task, t.secretTitle, () =>
        ranking(task, {
          title: t.bySecret,
          fields: [apiUser, apiVerb, objectNamespace, object],
          filter: SECRETS,
          columns: ['events', 'last'],
        }),
      ),
      await section(task, t.deniedTitle, () =>
        ranking(task, {
          title: t.byDenied,
          fields: [apiUser, apiVerb, objectNamespace, apiStatus],
          filter: both(REQUESTS, atLeast('kubernetes.audit.responseStatus.code', 400)),
          columns: ['events', 'last'],
        }),
      ),
    ];
  },
};
