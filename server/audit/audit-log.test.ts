import { expect, test } from '@jest/globals';
import type { LogFields } from '../../lib/runtime/index.ts';
import type { AuditRecord } from '../mattermost/index.ts';
import { AuditLog } from './audit-log.ts';

const record: AuditRecord = {
  event: 'createDump',
  isSuccess: true,
  actor: { userId: 'u', client: '', ipAddress: '', forwardedFor: '' },
  apiPath: '/api/v1/dumps',
  objectType: 'dump',
  parameters: { id: 'd', fromMs: 1 },
};

/** An audit log over a server that answers with `fail`; what the server and the log got. */
function opened(fail?: () => Error) {
  const records: AuditRecord[] = [];
  const lines: [level: string, message: string, fields?: LogFields][] = [];
  const line = (level: string) => (message: string, fields?: LogFields) => {
    lines.push(fields === undefined ? [level, message] : [level, message, fields]);
  };
  const logger = {
    ...{ debug: line('debug'), info: line('info') },
    ...{ warn: line('warn'), error: line('error') },
  };
  const api = {
    logAuditRecord: (sent: AuditRecord) => {
      records.push(sent);
      return fail === undefined ? Promise.resolve() : Promise.reject(fail());
    },
  };
  const audit = new AuditLog(api, logger);
  return { audit, lines, records };
}

test('writes one line and one record', async () => {
  const { audit, lines, records } = opened();
  audit.write(record);
  await audit.flush();
  expect(records).toEqual([record]);
  const fields = { userId: 'u', id: 'd', fromMs: 1, result: 'success' };
  expect(lines).toEqual([['info', 'audit: createDump', fields]]);
  const error = { description: 'NOT_PERMITTED', status: 403 };
  audit.write({ ...record, isSuccess: false, error });
  await audit.flush();
  expect(lines[1]?.[2]).toMatchObject({ result: 'fail', reason: 'NOT_PERMITTED', status: 403 });
});

test('does with the log alone where the server has no audit log', async () => {
  const unknown = () =>
    Object.assign(new Error("rpc: can't find method Plugin.LogAuditRec"), { code: 'RPC_REMOTE' });
  const { audit, lines, records } = opened(unknown);
  for (let at = 0; at < 3; at++) audit.write(record);
  await audit.flush();
  audit.write(record);
  await audit.flush();
  expect(records).toHaveLength(1);
  expect(lines.filter(([level]) => level === 'info')).toHaveLength(4);
  expect(lines.filter(([level]) => level === 'warn')).toEqual([]);
});

test('tells once that records are lost, and keeps a slow server from filling the memory', async () => {
  const { audit, lines, records } = opened(() => new Error('away'));
  for (let at = 0; at < 300; at++) audit.write(record);
  await audit.flush();
  expect(records).toHaveLength(201);
  expect(lines.filter(([level]) => level === 'info')).toHaveLength(300);
  expect(lines.filter(([level]) => level === 'warn')).toHaveLength(1);
});
