import * as z from 'zod';
import { checkHttpFields, httpUrl } from '../../connection/http-fields.ts';
import { secretFile, tlsFields } from '../sink-fields.ts';

const nodeUrl = httpUrl.refine((text) => !/[?#]/.test(text), 'the address of a node has no query');

/** How a cluster is reached, whoever writes to it or reads from it. */
export const openSearchConnectionFields = {
  /** Nodes of one cluster. One is used until it fails, then the next. */
  urls: z.array(nodeUrl).min(1),
  username: z
    .string()
    .min(1)
    .regex(/^[^:]*$/, 'a user name cannot have a colon')
    .optional(),
  passwordFile: secretFile.optional(),
  /** Elasticsearch: the encoded form (`base64(id:key)`). */
  apiKeyFile: secretFile.optional(),
  bearerFile: secretFile.optional(),
  tls: tlsFields.optional(),
} as const;

type ConnectionFields = z.infer<z.ZodObject<typeof openSearchConnectionFields>>;

/** For `.check`: what these fields must be together. */
export function checkOpenSearchConnection({ value, issues }: z.core.ParsePayload<ConnectionFields>): void {
  const [first = ''] = value.urls;
  const url = value.urls.find((one) => one.startsWith('http:')) ?? first;
  checkHttpFields({ value: { ...value, url }, issues });
}
