import { describe, expect, test } from '@jest/globals';
import { Redactor } from './redactor.ts';

const redactor = () => new Redactor(new Uint8Array(32).fill(7));

/** Values that say nothing by their shape: the label alone tells what they are. */
const word = 'harbour';

describe('a label that names a host has an alias for it', () => {
  test.each([
    ...['instance', 'host', 'hostname', 'host_name', 'node', 'nodename', 'node_name', 'server'],
    ...['server_name', 'address', 'addr', 'ip', 'domainname', 'peer', 'fqdn', 'pod', 'pod_name'],
    ...['db_host', 'db_hostname', 'to_instance', 'from_node', 'k8s_nodename', 'ldap_server'],
    ...['remote_addr', 'client_address', 'source_ip', 'mail_fqdn'],
  ])('%s', (name) => {
    const one = redactor();
    expect(one.label(name, word)).toMatch(/^host-[0-9a-f]{16}$/);
    expect(one.label(name, `${word}:9100`)).toMatch(/^host-[0-9a-f]{16}:9100$/);
    expect(Object.values(one.aliases())).toEqual([word]);
  });
});

describe('a label that names somebody, or a thing of theirs, has an alias for it', () => {
  test.each([
    ...['id', 'user_id', 'channel_id', 'userId', 'uuid', 'device_uuid', 'diskUuid', 'guid'],
    ...['serial', 'serial_number', 'product_serial', 'chassis_asset_tag', 'asset_tag', 'wwn'],
    ...['user', 'username', 'user_name', 'created_by_user', 'email', 'user_email', 'login'],
    ...['customer', 'tenant', 'plugin_id'],
  ])('%s', (name) => {
    const one = redactor();
    expect(one.label(name, word)).toMatch(/^[0-9a-f]{26}$/);
    expect(Object.values(one.aliases())).toEqual([word]);
  });
});

test.each([
  ['__name__', word],
  ['job', word],
  ['version_id', '12'],
  ['os_version_id', '12'],
  ['plugin_id', 'com.mattermost.calls'],
  ['grid', word],
  ['hosting', word],
  ['ghosts', word],
  ['node', '0'],
])('a label that names nobody stays: %s', (name, value) => {
  const one = redactor();
  expect(one.label(name, value)).toBe(value);
  expect(one.aliases()).toEqual({});
});

test('an id in the shape of a UUID, or a mail address, has an alias in whatever label it stands', () => {
  const uuid = '0F8FAD5B-d9cb-469f-a165-70867728950e';
  const one = redactor();
  expect(one.label('path', `/x/${uuid}/y`)).toMatch(/^\/x\/[0-9a-f]{26}\/y$/);
  expect(one.label('owner', 'to ann.lee@corp.example now')).toMatch(/^to [0-9a-f]{26} now$/);
  expect(one.message(`lost ${uuid}: ann.lee@corp.example`)).toMatch(
    /^lost [0-9a-f]{26}: [0-9a-f]{26}$/,
  );
  expect(Object.values(one.aliases()).sort()).toEqual([uuid, 'ann.lee@corp.example']);
});
