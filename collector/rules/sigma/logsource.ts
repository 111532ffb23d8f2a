import { ACTIONS } from '../../../contract/audit-event.ts';
import { both, type Filter } from '../../../contract/filter.ts';
import { type Path, SigmaProblem } from './place.ts';

/** What `logsource` of a rule may say. */
export interface Logsource {
  readonly category?: string | undefined;
  readonly product?: string | undefined;
  readonly service?: string | undefined;
}

const actions = (belongs: (action: string) => boolean): Filter => ({
  kind: 'is',
  field: 'event.action',
  values: ACTIONS.filter(belongs),
});
const system = (...values: readonly string[]): Filter => ({ kind: 'is', field: 'db.system.name', values });

const DATABASE = actions((action) => action.startsWith('db.') && action !== 'db.gap');
const PRODUCTS: ReadonlyMap<string, Filter> = new Map([
  ['mysql', both(DATABASE, system('mysql', 'mariadb'))],
  ['mariadb', both(DATABASE, system('mysql', 'mariadb'))],
  ['postgresql', both(DATABASE, system('postgresql'))],
  ['redis', both(DATABASE, system('redis'))],
  [
    'dbaudit',
    actions((action) => action.startsWith('dbaudit.') || action === 'db.gap' || action === 'db.session.undecodable'),
  ],
  ['falco', actions((action) => action === 'falco.alert')],
  ['kube_bench', actions((action) => action === 'kube_bench.check')],
]);
const KUBERNETES_SERVICES: ReadonlyMap<string, Filter> = new Map([
  ['audit', actions((action) => action === 'k8s.api' || action.startsWith('k8s.session.'))],
  ['event', actions((action) => action === 'k8s.event')],
]);

/** The events that a rule with this source looks at. */
export function logsourceFilter({ category, product, service }: Logsource, path: Path): Filter {
  if (product === 'kubernetes') {
    const found = KUBERNETES_SERVICES.get(service ?? 'audit');
    if (found !== undefined) return found;
    throw new SigmaProblem([...path, 'service'], `"${service}" is no service of kubernetes; there are audit, event`);
  }
  if (product !== undefined) {
    const found = PRODUCTS.get(product);
    if (found !== undefined) return found;
    const known = [...PRODUCTS.keys(), 'kubernetes'].join(', ');
    throw new SigmaProblem([...path, 'product'], `there are no events of "${product}"; products are ${known}`);
  }
  if (category === 'database') return DATABASE;
  if (category === 'webserver') return actions((action) => action === 'http.access');
  throw new SigmaProblem(path, 'expected the category database or webserver, or a product');
}
