import { AuthorizationV1Api, type KubeConfig, type V1SubjectAccessReviewSpec } from '@kubernetes/client-node';
import type { KubernetesUser } from './token-review.ts';

/** What is asked about: a resource of an API group, in all namespaces where none is named, or a path. */
export type Attributes =
  | { readonly path: string; readonly verb: string }
  | { readonly group: string; readonly resource: string; readonly verb: string; readonly namespace?: string };

/** Whether the API server lets a user do it. Rejects where it cannot be asked. */
export type ReviewAccess = (user: KubernetesUser, attributes: Attributes) => Promise<boolean>;

/** Asks for each call. https://kubernetes.io/docs/reference/access-authn-authz/authorization/ */
export function accessReviews(kubeConfig: KubeConfig): ReviewAccess {
  const api = kubeConfig.makeApiClient(AuthorizationV1Api);
  return async ({ name, uid, groups, extra }, attributes) => {
    const spec: V1SubjectAccessReviewSpec = {
      user: name,
      ...(uid === undefined ? {} : { uid }),
      groups: [...groups],
      extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])),
      ...('path' in attributes ? { nonResourceAttributes: attributes } : { resourceAttributes: attributes }),
    };
    const { status } = await api.createSubjectAccessReview({ body: { spec } });
    return status?.allowed === true;
  };
}
