import { describe, expect, test } from '@jest/globals';
import { TryAgain, WrongConfiguration } from '../../../delivery/sinks/failure.ts';
import { BulkBody } from '../../../delivery/sinks/opensearch/bulk-body.ts';
import { readBulkReply } from '../../../delivery/sinks/opensearch/bulk-reply.ts';
import type { NodeResponse } from '../../../delivery/sinks/opensearch/nodes.ts';
import { batchOf, eventLines } from '../../support/delivery/test-batch.ts';

describe('the body of _bulk', () => {
  test('creates each event under its id, its bytes untouched', () => {
    const lines = [...eventLines(2, 7, '表'), '{"no":"identity"}'];
    expect(new BulkBody().of(batchOf(lines)).toString('utf8').split('\n')).toEqual([
      '{"create":{"_id":"0000000000000000000000000000000a-7"}}',
      lines[0],
      '{"create":{"_id":"0000000000000000000000000000000a-8"}}',
      lines[1],
      '{"create":{}}',
      lines[2],
      '',
    ]);
  });
});

interface ItemError {
  readonly type: string;
  readonly reason?: string;
  readonly caused_by?: { readonly type: string };
}

function answerOf(text: string, headers = {}): NodeResponse {
  return { status: 200, headers, body: Buffer.from(text), origin: 'http://node', harmless: (said) => said };
}

function replyOf(items: readonly (number | [number, ItemError])[], headers = {}): NodeResponse {
  const body = {
    errors: true,
    items: items.map((item) => {
      const [status, error] = typeof item === 'number' ? [item, undefined] : item;
      return { create: { status, ...(error === undefined ? {} : { error }) } };
    }),
  };
  return answerOf(JSON.stringify(body), headers);
}

const CONFLICT = {
  type: 'version_conflict_engine_exception',
  reason: '[1]: version conflict, document already exists',
};
const REJECTED = { type: 'rejected_execution_exception', reason: 'rejected execution of primary operation' };
const UNPARSED = {
  type: 'mapper_parsing_exception',
  reason:
    "failed to parse field [client.ip] of type [ip] in document with id '1'. Preview of field's value: 'a secret'",
  caused_by: { type: 'illegal_argument_exception' },
};
const UNPARSED_8 = { type: 'document_parsing_exception', reason: '[1:12] failed to parse: a secret' };
const IMMENSE = {
  type: 'illegal_argument_exception',
  reason: 'Document contains at least one immense term in field="p.value" (a secret)',
  caused_by: { type: 'max_bytes_length_exceeded_exception' },
};
const READ_ONLY = { type: 'cluster_block_exception', reason: 'index [x] blocked by: [FORBIDDEN/12/index read-only];' };
const NO_PIPELINE = { type: 'illegal_argument_exception', reason: 'pipeline with id [gone] does not exist' };
const IN_PIPELINE = { type: 'illegal_argument_exception', reason: 'cannot convert [a secret] to integer' };
const NO_RIGHT = { type: 'security_exception', reason: 'no permissions for [indices:data/write/bulk[s]]' };
const NO_INDEX = { type: 'index_not_found_exception', reason: 'no such index [x]' };

const read = (reply: NodeResponse, count: number) => readBulkReply(reply, count, 'http://node/x');

function failureOf(reply: NodeResponse, count: number): unknown {
  try {
    return read(reply, count);
  } catch (error) {
    return error;
  }
}

describe('what has become of each line', () => {
  test('all taken: nothing else is read', () => {
    expect(read(answerOf('{"errors":false,"items":"whatever'), 3)).toBeUndefined();
  });

  test('what is there already is taken', () => {
    expect(read(replyOf([201, [409, CONFLICT]]), 2)).toBeUndefined();
    expect(read(replyOf([[409, CONFLICT]]), 1)).toBeUndefined();
  });

  test('refused lines are told by type and field, without content', () => {
    const taken = read(replyOf([201, [400, UNPARSED], [400, UNPARSED_8], [400, IMMENSE]]), 4);
    expect(taken).toEqual({
      refused: [
        { index: 1, reason: 'mapper_parsing_exception: field client.ip of type ip (illegal_argument_exception)' },
        { index: 2, reason: 'document_parsing_exception' },
        { index: 3, reason: 'illegal_argument_exception: field p.value (max_bytes_length_exceeded_exception)' },
      ],
      again: [],
      afterMillis: undefined,
    });
    expect(read(replyOf([[400, UNPARSED]]), 1)).toMatchObject({ refused: [{ index: 0 }] });
  });

  test('overload and missing shards are for another time, and the time asked for is kept', () => {
    const reply = replyOf([[429, REJECTED], 201, [503, { type: 'unavailable_shards_exception' }], [500, REJECTED]], {
      'retry-after': '7',
    });
    expect(read(reply, 4)).toEqual({ refused: [], again: [0, 2, 3], afterMillis: 7000 });
    const all = failureOf(replyOf([[429, REJECTED]], { 'retry-after': '7' }), 1);
    expect(all).toBeInstanceOf(TryAgain);
    expect(all).toMatchObject({ code: 'DBA4007', afterMillis: 7000 });
  });

  test('a full disk is waited for, whatever status it has', () => {
    for (const status of [403, 429]) {
      const failure = failureOf(replyOf([[status, READ_ONLY]]), 1);
      expect(failure).toBeInstanceOf(TryAgain);
      expect(failure).toMatchObject({ message: expect.stringContaining('read-only') });
    }
  });

  test.each<[string, number, ItemError]>([
    ['DBA4003', 404, NO_INDEX],
    ['DBA4004', 403, NO_RIGHT],
    ['DBA4010', 400, NO_PIPELINE],
    ['DBA4010', 400, { type: 'index_closed_exception', reason: 'closed' }],
    ['DBA4010', 405, { type: 'unheard_of' }],
  ])('%s: nothing passes with %i', (code, status, error) => {
    const failure = failureOf(
      replyOf([
        [status, error],
        [429, REJECTED],
        [status, error],
      ]),
      3,
    );
    expect(failure).toBeInstanceOf(WrongConfiguration);
    expect(failure).toMatchObject({ code, message: expect.stringContaining(error.type) });
  });

  test('a pipeline that fails on some documents refuses these; one that fails on all is a configuration', () => {
    expect(read(replyOf([201, [400, IN_PIPELINE]]), 2)).toEqual({
      refused: [{ index: 1, reason: 'illegal_argument_exception' }],
      again: [],
      afterMillis: undefined,
    });
    const all = failureOf(replyOf([[400, IN_PIPELINE]]), 1);
    expect(all).toMatchObject({ code: 'DBA4010' });
    expect(String(all)).not.toContain('secret');
    expect(String(failureOf(replyOf([[400, NO_PIPELINE]]), 1))).toContain('pipeline with id [gone]');
  });

  test('lines for which the configuration is wrong wait while others pass', () => {
    expect(read(replyOf([201, [403, NO_RIGHT]]), 2)).toMatchObject({ refused: [], again: [1] });
  });

  test.each(['', 'no JSON', '{"errors":true}', '{"errors":true,"items":[{"create":{"status":201}}]}'])(
    'an answer that is not of _bulk is told: %s',
    (text) => {
      const failure = failureOf(answerOf(text), 2);
      expect(failure).toMatchObject({ name: 'WrongConfiguration', code: 'DBA4006' });
    },
  );
});
