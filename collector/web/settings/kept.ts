import { effect, type Signal, signal } from '@preact/signals';

/** A choice that this browser keeps, where it lets pages keep anything. */
export function kept<T extends string>(name: string, values: readonly T[], initial: T): Signal<T> {
  const choice = signal(values.find((value) => value === read(name)) ?? initial);
  effect(() => {
    write(name, choice.value);
  });
  return choice;
}

function read(name: string): string | null {
  try {
    return localStorage.getItem(`dbaudit.${name}`);
  } catch {
    return null;
  }
}

function write(name: string, value: string): void {
  try {
    localStorage.setItem(`dbaudit.${name}`, value);
  } catch {
    // Private windows keep nothing; the choice then holds as long as the page.
  }
}
