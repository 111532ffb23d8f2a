import type { Command } from 'commander';
import { buildSwitch } from '../capture/switch-command.ts';
import type { CommandContext } from '../context.ts';

/** `kubectl dbaudit enable TYPE/NAME...`: has pods captured from their next start on, and restarts them. */
export function buildEnable(context: CommandContext): Command {
  return buildSwitch(context, 'enabled');
}
