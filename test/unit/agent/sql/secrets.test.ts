import { describe, expect, test } from '@jest/globals';
import { analyzeSql } from '../../../../agent/sql/analyze.ts';
import { maskMessage } from '../../../../agent/sql/message.ts';
import { SECRET_STATEMENTS } from '../../../support/secret-statements.ts';

describe('credentials', () => {
  describe.each(['secrets', 'literals', 'none'] as const)('with redaction %s', (redaction) => {
    test.each(SECRET_STATEMENTS)('%s: %s', (dialect, text) => {
      const { secrets, ...rest } = analyzeSql(text, dialect, redaction);
      expect(JSON.stringify(rest)).not.toMatch(/hunter|s3cret/i);
      expect(secrets.join(' ')).toMatch(/hunter|s3cret/i);
      expect(rest.maskedSecrets).toBeGreaterThan(0);
    });
  });

  test.each([
    ["CREATE USER a IDENTIFIED BY 'hunter2'", "CREATE USER a IDENTIFIED BY '<masked>'"],
    ["CREATE USER a IDENTIFIED BY 'hun", "CREATE USER a IDENTIFIED BY '<masked>'"],
    ['CREATE USER a IDENTIFIED BY "x" REPLACE "y"', 'CREATE USER a IDENTIFIED BY "<masked>" REPLACE "<masked>"'],
    [
      "ALTER USER 'a'@'%' IDENTIFIED WITH 'p' AS 0x41 REQUIRE SSL",
      "ALTER USER 'a'@'%' IDENTIFIED WITH 'p' AS '<masked>' REQUIRE SSL",
    ],
    ["SELECT 'pg://u:x@h/d'", "SELECT 'pg://u:<masked>@h/d'"],
    ["SET PASSWORD FOR 'a'@'b' = 'x'", "SET PASSWORD FOR 'a'@'b' = '<masked>'"],
  ])('%s becomes %s', (text, masked) => {
    expect(analyzeSql(text, 'mysql', 'secrets').text).toBe(masked);
  });

  test.each([
    "UPDATE users SET password='x' WHERE id = 1",
    "SELECT * FROM users WHERE password = 'x' AND name = 'y'",
    "INSERT INTO users (name, password) VALUES ('a', 'b')",
    "SELECT id FROM t WHERE url = 'http://host:8080/path?email=a@b.com'",
    "CREATE TABLE users (id int, password varchar(10) DEFAULT 'x')",
    "ALTER USER a PASSWORD EXPIRE INTERVAL 180 DAY COMMENT 'x'",
    `INSERT INTO t VALUES ('{"password":"x"}')`,
    "SELECT REPLACE(password, 'a', 'b') FROM t",
    "CREATE USER a IDENTIFIED WITH 'caching_sha2_password'",
    "GRANT SELECT ON t TO 'bob'@'%'",
  ])('%s stays as it is', (text) => {
    const analysis = analyzeSql(text, 'mysql', 'secrets');
    expect(analysis.text).toBe(text);
    expect(analysis.maskedSecrets).toBe(0);
  });

  test.each([
    ['mysql', 'SELECT AES_ENCRYPT(?, ?) FROM t WHERE a = ?', [1]],
    ['mysql', 'CREATE USER ? IDENTIFIED BY ?', [1]],
    ['mysql', 'SET PASSWORD = ?', [0]],
    ['postgresql', 'SELECT pgp_sym_decrypt(x, $3), $1, $2', [2]],
    ['postgresql', 'UPDATE users SET password = $1', []],
  ] as const)('%s: %s has secret parameters %j', (dialect, text, expected) => {
    expect(analyzeSql(text, dialect, 'secrets').secretParameters).toEqual(expected);
  });

  test('all are masked, the first are listed', () => {
    const users = Array.from({ length: 50 }, (_, index) => `u${index} IDENTIFIED BY 'hunter${index}'`);
    const analysis = analyzeSql(`CREATE USER ${users.join(', ')}`, 'mysql', 'secrets');
    expect(analysis.text).not.toContain('hunter');
    expect(analysis.maskedSecrets).toBe(50);
    expect(analysis.secrets).toHaveLength(32);
  });
});

describe('literals', () => {
  test.each([
    [
      'mysql',
      "SELECT 'a', \"b\", 1.5e-3, 0x1F, x'41', _utf8'c', -2 FROM t1 -- d",
      'SELECT ?, ?, ?, ?, ?, ?, -? FROM t1  ',
      7,
    ],
    ['mysql', 'SELECT a FROM `t 1` WHERE b = ? /* x */ AND c', 'SELECT a FROM `t 1` WHERE b = ?   AND c', 0],
    ['mysql', "SELECT 'a", 'SELECT ?', 1],
    ['postgresql', `SELECT E'a\\'b', $$c$$, "d", $1, B'1' FROM t`, 'SELECT ?, ?, "d", $1, ? FROM t', 3],
    ['postgresql', "SELECT U&'a', 1 - 2, 'x'::text", 'SELECT ?, ? - ?, ?::text', 4],
  ] as const)('%s: %s', (dialect, text, masked, count) => {
    const analysis = analyzeSql(text, dialect, 'literals');
    expect(analysis.text).toBe(masked);
    expect(analysis.maskedLiterals).toBe(count);
  });
});

describe('error messages', () => {
  const analysis = analyzeSql("CREATE USER a IDENTIFIED BY 'hunter2 and more'", 'mysql', 'secrets');
  const plain = analyzeSql('SELECT 1', 'mysql', 'secrets');

  test.each([
    ['bad password hunter2 and more', 'bad password <masked>'],
    ["syntax to use near ''hunter2 an' at line 1", "syntax to use near '<masked>' at line 1"],
    ["Operation CREATE USER failed for 'a'@'%'", "Operation CREATE USER failed for 'a'@'%'"],
  ])('%s becomes %s', (message, masked) => {
    expect(maskMessage(message, analysis, 'secrets')).toBe(masked);
  });

  test('a short credential is taken out as a word', () => {
    const short = analyzeSql("CREATE USER b IDENTIFIED BY 'a'", 'mysql', 'none');
    expect(maskMessage("a bad password 'a'", short, 'none')).toBe("<masked> bad password '<masked>'");
  });

  test('with literals masked', () => {
    expect(maskMessage("Duplicate entry 'x-1' for key 5", plain, 'literals')).toBe('Duplicate entry ? for key ?');
    expect(maskMessage('Key (id)=(abc) already exists', undefined, 'literals')).toBe('Key (id)=(?) already exists');
    expect(maskMessage("Duplicate entry 'x-1'", plain, 'secrets')).toBe("Duplicate entry 'x-1'");
  });
});
