/** Words of SQL that are recognised in any case of letters. What is not here is a name. */

/** Never a table's name unless it is quoted: where a table is expected and one of these comes, there is none. */
const RESERVED = [
  'SELECT FROM WHERE AND OR NOT NULL TRUE FALSE DEFAULT IS IN LIKE ILIKE BETWEEN EXISTS CASE WHEN THEN ELSE END AS ON',
  'USING JOIN STRAIGHT_JOIN INNER LEFT RIGHT FULL CROSS NATURAL OUTER LATERAL UNION INTERSECT EXCEPT ALL ANY DISTINCT',
  'GROUP ORDER BY HAVING LIMIT OFFSET FETCH FOR WINDOW INTO VALUES SET INSERT UPDATE DELETE REPLACE MERGE WITH ASC DESC',
  'CREATE ALTER DROP TABLE IF TO GRANT REVOKE RETURNING LOCK DUAL LOW_PRIORITY HIGH_PRIORITY DELAYED IGNORE REFERENCES',
  'PRIMARY FOREIGN UNIQUE INDEX CHECK CONSTRAINT INFILE OUTFILE DUMPFILE LOAD CALL SHOW DESCRIBE EXPLAIN TRIGGER',
  'COLLATE INTERVAL ONLY USE FORCE PARTITION TABLESAMPLE OF',
].join(' ');

/** May also be a name of something, depending on where it stands. */
const UNRESERVED = [
  'COUNT SUM MIN MAX AVG COALESCE NOW RECURSIVE MATERIALIZED TEMPORARY TEMP UNLOGGED OVERWRITE TABLES VIEW SEQUENCE',
  'SCHEMA DATABASE USER ROLE LOGIN FUNCTION PROCEDURE EVENT POLICY SERVER SUBSCRIPTION PUBLICATION EXTENSION TYPE',
  'DOMAIN RULE AGGREGATE OPERATOR CAST COLLATION LANGUAGE TABLESPACE STATISTICS TRANSFORM CONVERSION MAPPING WRAPPER',
  'SYSTEM INSTANCE OWNED PRIVILEGES PREPARE EXECUTE DEALLOCATE TRUNCATE COPY DO BEGIN START TRANSACTION COMMIT',
  'ROLLBACK DATA VACUUM ANALYZE ANALYSE VERBOSE OPTIMIZE REPAIR REINDEX REFRESH CLUSTER RENAME HANDLER COMMENT KEY',
  'COLUMNS FIELDS INDEXES KEYS CONCURRENTLY AFTER BEFORE INSTEAD COLUMN READ WRITE LOCAL SHARE MODE NOWAIT SKIP XML',
  'CHANGE MASTER REPLICATION SLAVE REPLICA VALUE DESCR ROWS GLOBAL SESSION CASCADE RESTRICT RESTART CONTINUE IDENTITY',
  'ORDINALITY STDIN STDOUT PROGRAM EXTENDED PURGE GROUPS',
  'IMMEDIATE FLUSH SAVEPOINT RELEASE KILL ABORT VIA RANDOM TEXT SEARCH ACCESS RESOURCE LOGFILE SQL NO QUICK',
].join(' ');

/** Where one of these stands a credential may stand nearby. */
const SECRETIVE = [
  'IDENTIFIED PASSWORD OLD_PASSWORD CREDENTIALS SECRET_ACCESS_KEY SESSION_TOKEN WSREP_SST_AUTH AES_ENCRYPT AES_DECRYPT',
  'DES_ENCRYPT DES_DECRYPT PGP_SYM_ENCRYPT PGP_SYM_DECRYPT PGP_SYM_ENCRYPT_BYTEA PGP_SYM_DECRYPT_BYTEA PGP_PUB_DECRYPT',
  'PGP_PUB_DECRYPT_BYTEA ENCRYPT DECRYPT ENCRYPT_IV DECRYPT_IV',
].join(' ');

export const IS_RESERVED = 1;
export const IS_SECRETIVE = 2;
/** Stands for a value among others in a list. */
export const IS_VALUE = 4;

const LISTS: readonly (readonly [string, number])[] = [
  [RESERVED, IS_RESERVED],
  [UNRESERVED, 0],
  [SECRETIVE, IS_SECRETIVE],
];
const VALUES = new Set(['NULL', 'TRUE', 'FALSE', 'DEFAULT']);

/** Names by number; number 0 is no keyword. */
const names: string[] = [''];
const flags: number[] = [0];
const numbers = new Map<string, number>();
for (const [words, flag] of LISTS) {
  for (const word of words.split(' ')) {
    if (numbers.has(word)) continue;
    numbers.set(word, names.length);
    names.push(word);
    flags.push(flag | (VALUES.has(word) ? IS_VALUE : 0));
  }
}

/** What is said of keywords, by number. */
export const KEYWORD_FLAGS = Uint8Array.from(flags);

/** Upper case; empty for number 0. */
export function keywordName(keyword: number): string {
  return names[keyword] ?? '';
}

/** The number of a keyword given in upper case, for comparing with what the lexer finds. */
export function keywordNumber(name: string): number {
  const number = numbers.get(name);
  if (number === undefined) throw new RangeError(`${name} is no keyword`);
  return number;
}

/** The multiplier and start of the hash over lower-case letters by which a word is looked up (FNV-1a's). */
export const WORD_HASH_PRIME = 0x01000193;
export const WORD_HASH_START = 0x811c9dc5 | 0;
/** The multiplier of the second hash, which is over letters as written. */
export const WRITTEN_HASH_PRIME = 0x5bd1e995;

/** Four times as many slots as words, so that a look-up seldom takes a second step. */
const SLOTS = 2 ** Math.ceil(Math.log2(names.length * 4));
const SLOT_MASK = SLOTS - 1;
const slotHashes = new Int32Array(SLOTS);
const slotNumbers = new Uint16Array(SLOTS);
const upperHashes = new Int32Array(SLOTS);
const lowerHashes = new Int32Array(SLOTS);
for (const [number, name] of names.entries()) {
  if (number === 0) continue;
  const hash = hashOf(name.toLowerCase(), WORD_HASH_PRIME, 0x20);
  let slot = (hash ^ (hash >>> 15)) & SLOT_MASK;
  while (slotNumbers[slot] !== 0) slot = (slot + 1) & SLOT_MASK;
  slotHashes[slot] = hash;
  slotNumbers[slot] = number;
  upperHashes[slot] = hashOf(name, WRITTEN_HASH_PRIME, 0);
  lowerHashes[slot] = hashOf(name.toLowerCase(), WRITTEN_HASH_PRIME, 0);
}

function hashOf(word: string, prime: number, bits: number): number {
  let hash = WORD_HASH_START;
  for (let i = 0; i < word.length; i += 1) hash = Math.imul(hash ^ (word.charCodeAt(i) | bits), prime);
  return hash;
}

/**
 * The keyword that `text` holds from `start` to `end`; 0: none. `hash` is over `code | 0x20`, `written` over the letters as
 * they are. Words all in upper or lower case are known by both hashes together, others by looking at their letters too.
 */
export function findKeyword(hash: number, written: number, text: string, start: number, end: number): number {
  let slot = (hash ^ (hash >>> 15)) & SLOT_MASK;
  for (;;) {
    const number = slotNumbers[slot] as number;
    if (number === 0) return 0;
    if (slotHashes[slot] === hash) {
      if (upperHashes[slot] === written || lowerHashes[slot] === written) return number;
      return spells(number, text, start, end) ? number : 0;
    }
    slot = (slot + 1) & SLOT_MASK;
  }
}

/** A hash of 32 bits can be met on purpose: whoever names a table so would hide it. */
function spells(number: number, text: string, start: number, end: number): boolean {
  const name = names[number] as string;
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i += 1) {
    if ((text.charCodeAt(start + i) | 0x20) !== (name.charCodeAt(i) | 0x20)) return false;
  }
  return true;
}
