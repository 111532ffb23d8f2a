import type { Received } from '../received.ts';
import type { EventFormat } from './format.ts';

/** JSON escapes the old control characters itself; a terminal also obeys these, and readers may be misled by some. */
const UNSAFE = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** Each event on one line as its agent wrote it; characters that a terminal would obey are escaped as JSON has it. */
export class JsonFormat implements EventFormat {
  headings(): readonly string[] {
    return [];
  }

  prepare(): void {}

  lines({ line }: Received): readonly string[] {
    return [line.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)];
  }
}
