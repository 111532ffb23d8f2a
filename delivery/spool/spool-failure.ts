import { StoreUnavailable } from '../event-store.ts';
import { systemErrorCode, wordsOf } from '../system-error.ts';

/** For what the operating system says, where it matters to people; everything else is named by its code. */
const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'we may not write there',
  EPERM: 'we may not write there',
  ENOENT: 'it is gone',
  ENOTDIR: 'it is not a directory',
  EEXIST: 'something else is in its place',
  ELOOP: 'it is a symbolic link, and none is followed',
  EIO: 'the disk reports an error',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
};

/** In words, with the path. What the operating system does not know of is a bug and is passed on as it is. */
export function unavailable(error: unknown, path: string): Error {
  const code = systemErrorCode(error);
  if (error instanceof StoreUnavailable) return error;
  if (code === undefined) return error instanceof Error ? error : new Error(wordsOf(error));
  return new StoreUnavailable(`spool ${path}: ${WORDS[code] ?? 'it cannot be used'} (${code})`);
}
