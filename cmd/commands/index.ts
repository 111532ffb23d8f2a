import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { buildReplay } from './replay.ts';

type BuildCommand = (context: CommandContext) => Command;

/** To add a command: write its file, then name it here. */
export const commands = [buildReplay] as const satisfies readonly BuildCommand[];
