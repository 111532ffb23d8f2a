import * as z from 'zod';
import { UserError } from '../../contract/user-error.ts';
import type { ResourceType } from './cluster.ts';
import type { Requests } from './requests.ts';

const resourceListSchema = z.looseObject({
  resources: z.array(z.looseObject({ name: z.string(), kind: z.string(), namespaced: z.boolean() })),
});

/** How the API server names a type in its paths. */
export interface ServedResource {
  /** `/apis/apps/v1`. */
  readonly prefix: string;
  /** `deployments`. */
  readonly plural: string;
  readonly namespaced: boolean;
}

/** Asks the API server once for each group and version what it serves; absent ones are asked for again. */
export class Discovery {
  readonly #requests: Requests;
  readonly #known = new Map<string, Promise<ReadonlyMap<string, ServedResource> | undefined>>();

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  /** Undefined where the type is not served. */
  async find({ apiVersion, kind }: ResourceType): Promise<ServedResource | undefined> {
    const asked = this.#known.get(apiVersion) ?? this.#ask(apiVersion);
    this.#known.set(apiVersion, asked);
    const found = await asked
      .then((resources) => resources?.get(kind))
      .catch((error: unknown) => {
        this.#known.delete(apiVersion);
        throw error;
      });
    if (found === undefined) this.#known.delete(apiVersion);
    return found;
  }

  /** @throws UserError DBA1103 where the type is not served */
  async get(type: ResourceType): Promise<ServedResource> {
    const found = await this.find(type);
    if (found !== undefined) return found;
    throw new UserError(
      'DBA1103',
      `the API server serves no ${type.kind} in ${type.apiVersion}`,
      '`kubectl api-resources` lists the types it serves.',
    );
  }

  async #ask(apiVersion: string): Promise<ReadonlyMap<string, ServedResource> | undefined> {
    const prefix = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const answer = await this.#requests.json({ method: 'GET', path: prefix, action: `look up ${apiVersion}` }, [404]);
    if (answer === undefined) return undefined;
    const { resources } = resourceListSchema.parse(answer);
    return new Map(
      resources
        .filter(({ name }) => !name.includes('/'))
        .map(({ name, kind, namespaced }) => [kind, { prefix, plural: name, namespaced }]),
    );
  }
}
