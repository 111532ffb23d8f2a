import { CAPTURE_LABEL } from '../../contract/labels.ts';
import { UserError } from '../../contract/user-error.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import { requireInjector } from '../kubernetes/injectors.ts';
import { type Namespaces, readNamespaces } from '../kubernetes/namespaces.ts';
import { isInjected, viewPod } from '../kubernetes/pods.ts';
import { parseTargets, type TargetFlags } from '../kubernetes/workload-arguments.ts';
import { TOP_LEVEL_KINDS } from '../kubernetes/workload-kinds.ts';
import { controllerOf, nameOf, podTemplateOf, resolveTargets, type Workload } from '../kubernetes/workloads.ts';
import type { CaptureChangeItem } from '../output/schemas/capture-change.ts';
import type { Screen } from '../output/screen.ts';
import { tellMissingSecrets } from '../sinks/credentials.ts';
import { carryOut, type Outcome } from './carry-out.ts';
import { type PlanFacts, planStep, type Step } from './plan.ts';
import { type InjectorView, predictInjection, readInjectorView } from './prediction.ts';
import { podsOf } from './restart.ts';
import { type Capture, isSelected } from './selection.ts';

export interface SwitchOptions extends Omit<TargetFlags, 'defaultKinds'> {
  readonly words: readonly string[];
  readonly wanted: Capture;
  readonly restart: 'auto' | 'never';
  readonly wait: boolean;
  readonly timeoutMillis: number;
  readonly dryRun: 'none' | 'client' | 'server';
}

export interface SwitchWorld {
  readonly cluster: Cluster;
  readonly ownNamespace: string;
  readonly screen: Screen;
  readonly signal: AbortSignal;
  readonly now: () => Date;
}

/**
 * Switches capture of the targets on or off, one after the other, and restarts what has to be. Ends at the first whose
 * restart fails, since what kept its pods from starting is likely to keep the others' too.
 */
export async function switchCapture(options: SwitchOptions, world: SwitchWorld): Promise<readonly CaptureChangeItem[]> {
  const requests = parseTargets(options.words, { ...options, defaultKinds: TOP_LEVEL_KINDS });
  if (requests.length === 0) {
    throw new UserError('DBA1004', 'nothing was named', 'Give `TYPE/NAME...`, `namespace/NAME`, or a selector (-l).');
  }
  const targets = await resolveTargets(world.cluster, requests, options);
  if (targets.length === 0) world.screen.say('No resources found.');
  else if (options.wanted === 'enabled' && options.restart === 'auto') await requireInjector(world.cluster);
  const items = await new CaptureSwitch(options, world, await look(options, world, targets)).run(targets);
  if (options.wanted === 'enabled' && options.dryRun === 'none') {
    // Last, since a Secret that the injector copies is there by now.
    const changed = items.filter(({ outcome }) => outcome === 'changed' || outcome === 'incomplete');
    await tellMissingSecrets(world, new Set(changed.map(({ namespace, name }) => namespace ?? name)));
  }
  return items;
}

/** What is the same for all targets. */
interface Scene {
  readonly view: InjectorView;
  readonly namespaces: Namespaces;
}

async function look({ wanted }: SwitchOptions, world: SwitchWorld, targets: readonly Workload[]): Promise<Scene> {
  const names = targets.map(({ object }) => object.metadata.namespace ?? object.metadata.name);
  const { cluster, ownNamespace, screen } = world;
  const [view, namespaces] = await Promise.all([
    readInjectorView(cluster, ownNamespace),
    readNamespaces(cluster, names, ({ message }) =>
      screen.say(`note: ${message}; what the namespace's labels say is not taken into account (${wanted}).`),
    ),
  ]);
  return { view, namespaces };
}

class CaptureSwitch {
  readonly #options: SwitchOptions;
  readonly #world: SwitchWorld;
  readonly #scene: Scene;
  readonly #items: CaptureChangeItem[] = [];
  #stopped = false;

  constructor(options: SwitchOptions, world: SwitchWorld, scene: Scene) {
    this.#options = options;
    this.#world = world;
    this.#scene = scene;
  }

  async run(targets: readonly Workload[]): Promise<readonly CaptureChangeItem[]> {
    for (const target of targets) {
      const namespaceLabel = this.#namespaceLabel(target);
      await this.#switchOne(target, await this.#plan(target, namespaceLabel), namespaceLabel);
      if (target.kind.name === 'namespace') await this.#restartWithin(target);
    }
    return this.#items;
  }

  async #plan(workload: Workload, namespaceLabel: string | undefined): Promise<Step> {
    const [options, world] = [this.#options, this.#world];
    const pods = workload.kind.change === 'rolls-out' ? await podsOf(world.cluster, workload.object) : [];
    const skip = this.#skip(workload);
    const facts: PlanFacts = {
      wanted: options.wanted,
      restart: options.restart,
      ownNamespace: world.ownNamespace,
      now: world.now().toISOString(),
      namespaceLabel,
      pods,
      ...(skip === undefined ? {} : { skip }),
    };
    return planStep(workload, facts);
  }

  /** What would keep the injector from giving the workload's pods an agent. */
  #skip(workload: Workload): PlanFacts['skip'] {
    const name = workload.object.metadata.namespace;
    if (this.#options.wanted === 'disabled' || name === undefined) return undefined;
    const namespace = { name, object: this.#scene.namespaces.get(name) };
    const prediction = predictInjection(podTemplateOf(workload), namespace, this.#scene.view, 'enabled');
    return prediction?.injected === false ? prediction : undefined;
  }

  /** Says which running pods no restart of ours reaches. */
  async #tellUnreachable(namespace: string): Promise<void> {
    const { cluster, screen } = this.#world;
    const pods = (await cluster.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace })).map(viewPod);
    const left = pods.filter((pod) => {
      const owner = controllerOf(pod.object)?.kind;
      return !pod.ended && !isInjected(pod) && (owner === undefined || owner === 'Job');
    });
    if (left.length === 0) return;
    screen.say(
      `note: no restart reaches these; they are captured once they are created anew: ${left.map(({ name }) => `pod/${name}`).join(', ')}.`,
    );
  }

  /** Restarts what the namespace's label now selects, or selects no longer. */
  async #restartWithin({ object }: Workload): Promise<void> {
    const { wanted, restart, dryRun } = this.#options;
    const { cluster, screen } = this.#world;
    const last = this.#items.at(-1);
    if (last?.outcome === 'refused' || this.#stopped) return;
    const namespace = object.metadata.name;
    if (wanted === 'enabled') await this.#tellUnreachable(namespace);
    const lists = await Promise.all(
      TOP_LEVEL_KINDS.filter(({ change }) => change === 'rolls-out').map(async (kind) =>
        (await cluster.list(kind.type, { namespace })).map((object): Workload => ({ kind, object })),
      ),
    );
    const steps = await Promise.all(
      lists
        .flat()
        .filter((workload) => podTemplateOf(workload)?.metadata.labels?.[CAPTURE_LABEL] === undefined)
        .map((workload) => this.#plan(workload, wanted)),
    );
    for (const step of steps) {
      if (step.kind === 'refused') screen.say(`note: ${nameOf(step.workload)} stays as it is: ${step.reason}.`);
    }
    const changes = steps.filter((step) => step.kind === 'change' && step.restarts);
    if (changes.length === 0) return;
    const names = changes.map(({ workload }) => nameOf(workload)).join(', ');
    if (restart === 'never') {
      screen.say(`note: pods of these are older than the change until they are restarted: ${names}.`);
      return;
    }
    screen.say(`${dryRun === 'none' ? 'restarting' : 'would restart'} one after the other: ${names}`);
    for (const step of changes) await this.#switchOne(step.workload, step, wanted);
  }

  async #switchOne(workload: Workload, step: Step, namespaceLabel: string | undefined): Promise<void> {
    const report = (item: Omit<CaptureChangeItem, 'kind' | 'name' | 'namespace'>) => {
      const { name, namespace } = workload.object.metadata;
      const where = namespace === undefined ? {} : { namespace };
      this.#items.push({ kind: workload.object.kind, name, ...where, ...item });
    };
    const { cluster, signal, screen, now } = this.#world;
    const { wait, timeoutMillis, dryRun } = this.#options;
    if (this.#stopped || signal.aborted) {
      report({ outcome: 'not-started', restarted: false, message: 'left as it was', reasons: [] });
      return;
    }
    if (step.kind === 'none') {
      report({ outcome: 'unchanged', restarted: false, message: step.reason, reasons: [] });
      return;
    }
    if (step.kind === 'refused') {
      const code = step.code === undefined ? {} : { code: step.code };
      report({ outcome: 'refused', restarted: false, ...code, message: step.reason, reasons: [step.nextStep] });
      return;
    }
    if (dryRun === 'client') {
      report({ outcome: 'changed', restarted: step.restarts, message: step.note ?? '', reasons: [] });
      return;
    }
    const outcome = await screen.progress(nameOf(workload), (update) =>
      carryOut(step, {
        cluster,
        signal,
        timeoutMillis,
        wait,
        serverDryRun: dryRun === 'server',
        now: now().toISOString(),
        selectedByNamespace: isSelected({ namespace: namespaceLabel }),
        update,
      }),
    );
    this.#stopped =
      outcome.kind === 'put-back' || outcome.kind === 'failed' || (outcome.kind === 'incomplete' && outcome.unanswered);
    report({ ...toItem(outcome), restarted: step.restarts });
  }

  #namespaceLabel({ object }: Workload): string | undefined {
    const { namespace } = object.metadata;
    return namespace === undefined
      ? undefined
      : this.#scene.namespaces.get(namespace)?.metadata.labels?.[CAPTURE_LABEL];
  }
}

function toItem(outcome: Outcome): Pick<CaptureChangeItem, 'outcome' | 'code' | 'message' | 'reasons' | 'newPods'> {
  const { message } = outcome;
  switch (outcome.kind) {
    case 'done':
      return { outcome: 'changed', message, reasons: [], ...(outcome.pods ? { newPods: outcome.pods } : {}) };
    case 'incomplete':
      return {
        outcome: 'incomplete',
        code: outcome.reasons[0]?.match(/DBA\d{4}/)?.[0] ?? 'DBA2009',
        message,
        reasons: [...outcome.reasons],
        newPods: outcome.pods,
      };
    case 'put-back':
      return { outcome: 'put-back', code: 'DBA1108', message, reasons: [...outcome.reasons] };
    case 'failed':
      return { outcome: 'failed', code: 'DBA1104', message, reasons: [...outcome.reasons] };
  }
}
