import { useEffect, useRef, useState } from 'preact/hooks';
import { Problem } from './call.ts';

/** What a view knows of an answer. While it loads again, `value` is the one before. */
export interface Loaded<T> {
  readonly state: 'loading' | 'ready' | 'failed';
  readonly value: T | undefined;
  readonly problem: Problem | undefined;
  reload(): void;
}

/**
 * Loads when `key` changes, and gives up what it no longer waits for. The same key is the same question; undefined asks
 * nothing.
 */
export function useLoaded<T>(key: string | undefined, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [attempt, setAttempt] = useState(0);
  const [answer, setAnswer] = useState<Omit<Loaded<T>, 'reload'>>(NOTHING_YET);
  const latest = useRef(load);
  latest.current = load;
  // Another attempt is another question.
  useEffect(() => {
    if (key === undefined) return;
    const abort = new AbortController();
    setAnswer(({ value }) => ({ state: 'loading', value, problem: undefined }));
    latest.current(abort.signal).then(
      (value) => {
        if (!abort.signal.aborted) setAnswer({ state: 'ready', value, problem: undefined });
      },
      (error: unknown) => {
        if (!abort.signal.aborted) setAnswer({ state: 'failed', value: undefined, problem: asProblem(error) });
      },
    );
    return () => abort.abort();
  }, [key, attempt]);
  return { ...answer, reload: () => setAttempt((count) => count + 1) };
}

const NOTHING_YET = { state: 'loading', value: undefined, problem: undefined } as const;

/** Whatever was thrown, in words. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(-1, error instanceof Error ? error.message : String(error));
}
