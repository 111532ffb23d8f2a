import { signal } from '@preact/signals';
import { type Whoami, whoamiSchema } from '../../../contract/collector-api.ts';
import { get, onUnknownUser, type Problem, send } from '../api/call.ts';
import { asProblem } from '../api/loaded.ts';

/** Who looks at this page, by the API server's word. */
export type Session =
  | { readonly state: 'asking' }
  | { readonly state: 'unknown' }
  | { readonly state: 'failed'; readonly problem: Problem }
  | { readonly state: 'known'; readonly who: Whoami };

export const session = signal<Session>({ state: 'asking' });

onUnknownUser(() => {
  session.value = { state: 'unknown' };
});

/** Asks who the present credentials are: a cookie's, or those that `kubectl dbaudit ui` adds. */
export async function askWho(): Promise<void> {
  try {
    session.value = { state: 'known', who: await get('/whoami', whoamiSchema) };
  } catch (error) {
    const problem = asProblem(error);
    session.value = problem.status === 401 ? { state: 'unknown' } : { state: 'failed', problem };
  }
}

export async function signOut(): Promise<void> {
  await send('DELETE', '/sign-in');
  session.value = { state: 'unknown' };
}

/** Whether the reader has a right such as `alerts/update`. */
export function may(right: string): boolean {
  return session.value.state === 'known' && session.value.who.rights.includes(right);
}

/** Whether statements come without their values. */
export function literalsHidden(): boolean {
  return session.value.state === 'known' && !session.value.who.literals;
}
