import type { Command } from 'commander';
import { buildSwitch } from '../capture/switch-command.ts';
import type { CommandContext } from '../context.ts';

/** `kubectl dbaudit disable TYPE/NAME...`: takes out what `enable` put in; the pod template is as it was. */
export function buildDisable(context: CommandContext): Command {
  return buildSwitch(context, 'disabled');
}
