import { IMAGE_DIRECTORY } from './architecture.ts';

/** Start of a program in a staged root, so that Node keeps what it compiles; it must say `expected` and end. */
interface WarmUp {
  readonly user: number;
  readonly parameters: readonly string[];
  readonly expected: string;
}

/** An image of ours: Node, the libraries it loads, bundles, and what they need beside them. */
export interface Image {
  readonly name: 'dbaudit' | 'dbaudit-collector';
  readonly containerfile: string;
  /** Bundle and entry point of each part in it. */
  readonly entries: Readonly<Record<string, string>>;
  /** What is no script. */
  readonly needs: readonly ('capture' | 'duckdb' | 'rules' | 'web' | 'font')[];
  readonly warmUps: readonly WarmUp[];
}

/** Where everything of ours is in an image. */
export const HOME = 'opt/dbaudit';
export const NONROOT = 65_532;

/** Each agent's node fetches the first: what the collector alone needs is three times as much. */
export const IMAGES: readonly Image[] = [
  {
    name: 'dbaudit',
    containerfile: 'Containerfile',
    entries: { 'dbaudit-agent': 'agent/main.ts', 'dbaudit-webhook': 'webhook/main.ts' },
    needs: ['capture'],
    warmUps: [
      {
        user: 0,
        parameters: ['--optimize-for-size', `/${HOME}/dbaudit-agent.mjs`, 'run', '--print-config'],
        expected: 'capture:',
      },
      // It looks at its environment once all of it is loaded, and ends.
      { user: NONROOT, parameters: [`/${HOME}/dbaudit-webhook.mjs`], expected: 'DBAUDIT_NAMESPACE' },
    ],
  },
  {
    name: 'dbaudit-collector',
    containerfile: 'Containerfile.collector',
    entries: { 'dbaudit-collector': 'collector/main.ts' },
    needs: ['duckdb', 'rules', 'web', 'font'],
    warmUps: [{ user: NONROOT, parameters: [`/${HOME}/dbaudit-collector.mjs`, 'run'], expected: 'DBAUDIT_NAMESPACE' }],
  },
];

/** Where the root of an image is put together. */
export function stagedRoot({ name }: Image, architecture: string): string {
  return name === 'dbaudit' ? `${IMAGE_DIRECTORY}/${architecture}` : `${IMAGE_DIRECTORY}/${name}-${architecture}`;
}
