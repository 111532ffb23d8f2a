import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { holder, type OpenDoor, openTestDoor } from '../../../support/collector/open-door.ts';

const ALERT = {
  rule: 'Terminal shell in container',
  priority: 'Notice',
  time: '2026-11-20T10:00:00.123456789Z',
  output: 'A shell was spawned in a container',
  output_fields: { 'k8s.ns.name': 'shop', 'k8s.pod.name': 'orders-0' },
};

let door: OpenDoor;
beforeEach(async () => {
  door = await openTestDoor();
  door.known.tokens.falco = holder('falco');
  door.known.tokens.reader = holder('reader');
  door.known.rights.falco = ['create auditevents'];
  door.known.rights.reader = ['get auditevents'];
});
afterEach(() => door.close());

const post = (token: string, body: unknown) => door.ask('/api/v1/findings/falco', { token, body });

test('Falco’s alerts are kept, and once however often they come', async () => {
  expect(await post('falco', ALERT)).toMatchObject({ status: 201, json: { added: 1, repeated: 0 } });
  expect(await post('falco', ALERT)).toMatchObject({ status: 201, json: { added: 0, repeated: 1 } });
  const [event] = door.store.events.filter(({ event: { action } }) => action === 'falco.alert');
  expect(event).toMatchObject({
    rule: { name: ALERT.rule },
    kubernetes: { namespace: 'shop', pod: { name: 'orders-0' } },
  });
});

test('what is none is refused with the place', async () => {
  const { status, json } = await post('falco', { ...ALERT, priority: 'Terrible' });
  expect({ status, json }).toMatchObject({
    status: 400,
    json: { code: 'DBA5003', message: expect.stringContaining('priority') },
  });
});

test('who may read may not bring in', async () => {
  expect((await post('reader', ALERT)).status).toBe(403);
});
