import { type RuleAnswer, ruleSchema } from '../../../contract/collector-api.ts';
import { post, send } from '../api/call.ts';

/** @throws Problem */
export async function changeMode(id: string, mode: RuleAnswer['mode']): Promise<void> {
  await post(`/rules/${encodeURIComponent(id)}/change`, { mode }, ruleSchema);
}

/** Of a custom rule. @throws Problem */
export async function removeRule(id: string): Promise<void> {
  await send('DELETE', `/rules/${encodeURIComponent(id)}`);
}

/** Keeps a custom rule, in place of one of the same id. @throws Problem with the place of what is wrong */
export function keepRule(source: string): Promise<RuleAnswer> {
  return post('/rules', { source }, ruleSchema);
}
