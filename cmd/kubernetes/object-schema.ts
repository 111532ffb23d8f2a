import * as z from 'zod';

const stringMap = z.record(z.string(), z.string());

/** What all objects of the Kubernetes API share; every other field passes as it is. */
export const kubernetesObjectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().exactOptional(),
    uid: z.string().exactOptional(),
    resourceVersion: z.string().exactOptional(),
    creationTimestamp: z.string().exactOptional(),
    deletionTimestamp: z.string().exactOptional(),
    generation: z.number().exactOptional(),
    labels: stringMap.exactOptional(),
    annotations: stringMap.exactOptional(),
    finalizers: z.array(z.string()).exactOptional(),
    ownerReferences: z
      .array(
        z.looseObject({
          apiVersion: z.string(),
          kind: z.string(),
          name: z.string(),
          uid: z.string(),
          controller: z.boolean().exactOptional(),
        }),
      )
      .exactOptional(),
  }),
});

export const listSchema = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string().default(''), continue: z.string().exactOptional() }),
  items: z
    .array(z.looseObject({}))
    .nullish()
    .transform((items) => items ?? []),
});

export const versionSchema = z.looseObject({ major: z.string(), minor: z.string(), gitVersion: z.string() });

export const accessReviewSchema = z.looseObject({ status: z.looseObject({ allowed: z.boolean() }) });
