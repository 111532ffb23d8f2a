import * as z from 'zod';

const text = z.record(z.string(), z.string());
const named = z.looseObject({ name: z.string() });

/**
 * What injection reads of a pod or of a pod template; whatever else it holds stays as it is. Null stands for absent, as
 * in YAML with an empty value.
 */
const podSchema = z.looseObject({
  metadata: z.looseObject({ labels: text.nullish(), annotations: text.nullish() }).nullish(),
  spec: z.looseObject({
    containers: z.array(named),
    initContainers: z.array(named).nullish(),
    volumes: z.array(named).nullish(),
    hostNetwork: z.boolean().nullish(),
    restartPolicy: z.string().nullish(),
    nodeSelector: text.nullish(),
    os: named.nullish(),
    resources: z.looseObject({}).nullish(),
  }),
});

export type Pod = z.infer<typeof podSchema>;

/** Whether this is a pod, or a pod template. Only looks: a parsed copy would have lost the order of its fields. */
export function isPod(value: unknown): value is Pod {
  return podSchema.safeParse(value).success;
}

/** Why it is none: `spec.containers: expected array`; undefined where it is one. */
export function podProblem(value: unknown): string | undefined {
  const issue = podSchema.safeParse(value).error?.issues[0];
  return issue && `${issue.path.join('.') || '(the whole)'}: ${issue.message}`;
}

export function labelOf(pod: Pod, key: string): string | undefined {
  return pod.metadata?.labels?.[key];
}

export function annotationOf(pod: Pod, key: string): string | undefined {
  return pod.metadata?.annotations?.[key];
}

/** Init containers first. */
export function containersOf({ spec }: Pod): readonly Pod['spec']['containers'][number][] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}
