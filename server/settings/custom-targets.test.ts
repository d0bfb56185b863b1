import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { inEnglish } from '../../api/index.ts';
import { testNeeding } from '../../test/programs.ts';
import { parseTargetCertificates } from './custom-target-certificates.ts';
import { parseTargetSecrets } from './custom-target-secrets.ts';
import { parseCustomTargets } from './custom-targets.ts';
import { parseSettings, refuseChange } from './parse.ts';

/** The one target of a line. */
function f(line: string) {
  const { value, errors } = parseCustomTargets(line);
  expect(errors).toEqual([]);
  return value[0];
}

describe('custom targets', () => {
  test('have defaults for everything but the address', () => {
    expect(f('http://db1.example:9187')).toEqual({
      line: 1,
      job: 'custom',
      instance: 'db1.example:9187',
      scheme: 'http',
      host: 'db1.example',
      port: 9187,
      path: '/metrics',
      intervalMs: undefined,
      timeoutMs: undefined,
      labels: {},
      secret: undefined,
      ca: undefined,
    });
    expect(f('https://DB1.example/')).toMatchObject({ port: 443, host: 'db1.example' });
    expect(f('http://db1/x/y?a=1&b=2')).toMatchObject({ port: 80, path: '/x/y?a=1&b=2' });
    expect(f('http://[fd00:0:0::5]:9/')).toMatchObject({
      host: 'fd00::5',
      instance: '[fd00::5]:9',
    });
    expect(f('http://127.0.0.1:9/')).toMatchObject({ host: '127.0.0.1' });
  });

  test('take options in any order, values with blanks in quotes', () => {
    const line =
      'https://db1:9187/m label.role=primary timeout=5 job=postgres interval=30 secret=db ca=own instance=db label.note="a b=c" label.empty=""';
    expect(f(line)).toMatchObject({
      job: 'postgres',
      instance: 'db',
      intervalMs: 30_000,
      timeoutMs: 5000,
      secret: 'db',
      ca: 'own',
      labels: { role: 'primary', note: 'a b=c', empty: '' },
    });
  });

  test.each([
    ['db1:9187', 'http://'],
    ['ftp://db1/', 'http://'],
    ['file:///etc/passwd', 'http://'],
    ['http://', 'http://'],
    ['http://user:secret@db1/', 'CustomTargetSecrets'],
    ['http://secret@db1/', 'CustomTargetSecrets'],
    ['http://:secret@db1/', 'CustomTargetSecrets'],
    ['http://169.254.169.254/latest', 'metadata'],
    ['http://[::ffff:169.254.169.254]/', 'metadata'],
    ['http://[fd00:ec2::254]/', 'metadata'],
    ['http://2852039166/', 'metadata'],
    ['http://0xa9fea9fe/', 'metadata'],
    ['http://0.0.0.0/', 'no machine'],
    ['http://db1:0/', 'port'],
    [`http://db1/${'x'.repeat(3000)}`, 'too long'],
    ['http://db1 interval=0', 'seconds'],
    ['http://db1 interval=301', 'seconds'],
    ['http://db1 interval=1.5', 'seconds'],
    ['http://db1 interval=10 timeout=10', 'shorter'],
    ['http://db1 ca=own', 'https'],
    ['http://db1 job=', 'empty'],
    ['http://db1 job=a job=b', 'twice'],
    ['http://db1 colour=red', 'options beside'],
    ['http://db1 job', 'name=value'],
    ['http://db1 job="a', 'name=value'],
    ['http://db1 label.0a=x', 'label'],
    ['http://db1 label.__name__=x', 'label'],
    ['http://db1 label.job=x', 'label'],
    ['http://db1 label.instance=x', 'label'],
    [`http://db1 label.a=${'x'.repeat(257)}`, 'too long'],
    ['http://db1 secret=a/b', 'name'],
  ])('refuse %j alone', (line, reason) => {
    const { value, errors } = parseCustomTargets(`http://one\n# a comment\n\n${line}\nhttp://two`);
    expect(value.map(({ host }) => host)).toEqual(['one', 'two']);
    expect(errors.map((error) => error.line)).toEqual([4]);
    const [told = ''] = errors.map(({ mistake }) => inEnglish(mistake));
    expect(told).toContain(reason);
    expect(JSON.stringify(errors)).not.toContain('secret@');
  });

  test('are refused twice over, beyond a hundred, and beyond a size', () => {
    expect(parseCustomTargets('http://a\nhttp://a').errors).toHaveLength(1);
    expect(parseCustomTargets('http://a\nhttp://a job=b').errors).toEqual([]);
    const lines = Array.from({ length: 101 }, (_, at) => `http://h${String(at)}`);
    const { value, errors } = parseCustomTargets(lines.join('\n'));
    expect([value.length, errors.length]).toEqual([100, 1]);
    expect(parseCustomTargets('#'.repeat(40_000)).errors).toHaveLength(1);
    const labels = Array.from({ length: 17 }, (_, at) => `label.l${String(at)}=x`).join(' ');
    expect(parseCustomTargets(`http://a ${labels}`).errors).toHaveLength(1);
  });
});

describe('secrets', () => {
  test('become headers', () => {
    const { value, errors } = parseTargetSecrets(
      'a bearer tok.en\n\n# no\nb Basic me my pass:word ',
    );
    expect(errors).toEqual([]);
    expect([...value]).toEqual([
      ['a', 'Bearer tok.en'],
      ['b', `Basic ${Buffer.from('me:my pass:word').toString('base64')}`],
    ]);
  });

  test.each([
    'hunter2',
    'a hunter2',
    'a token hunter2',
    'a bearer',
    'a bearer hunter2 hunter2',
    'a bearer hünter2',
    'a basic hunter2',
    'a basic hunt:er2 x',
    'a/b bearer hunter2',
  ])('refuse %j without repeating it', (line) => {
    const { value, errors } = parseTargetSecrets(`x bearer y\n${line}\nx bearer z`);
    expect([...value]).toEqual([['x', 'Bearer y']]);
    expect(errors.map((error) => error.line)).toEqual([2, 3]);
    expect(JSON.stringify(errors)).not.toMatch(/hunt|hünt/);
  });
});

test('secrets are read up to a size, and none of them beyond', () => {
  const ofChars = (chars: number) => parseTargetSecrets('a bearer x\n#'.padEnd(chars, '-'));
  expect([...ofChars(64 * 1024).value.keys()]).toEqual(['a']);
  const { errors, value } = ofChars(64 * 1024 + 1);
  expect([value.size, errors.map(({ line }) => line)]).toEqual([0, [1]]);
});

testNeeding({ programs: ['openssl'] })('certificates are found by the name before them', () => {
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const make = ['req', '-x509', '-nodes', '-keyout', '/dev/null', '-subj', '/CN=x', ...curve];
  const pem = execFileSync('openssl', make, { stdio: ['ignore', 'pipe', 'ignore'] }).toString();
  const text = `own\n${pem}${pem}\nother\r\n${pem.replaceAll('\n', '\r\n')}`;
  const { value, errors } = parseTargetCertificates(text);
  expect(errors).toEqual([]);
  expect([...value.keys()]).toEqual(['own', 'other']);
  expect(value.get('own')?.match(/BEGIN/g)).toHaveLength(2);
  expect(value.get('other')).toBe(pem);
  const lines = (bad: string) => parseTargetCertificates(bad).errors.map(({ line }) => line);
  expect(lines(pem)).toEqual([1]);
  expect(lines(`own\n${pem.replace(/M/, '!')}`)).toEqual([2]);
  expect(lines('own\n-----BEGIN CERTIFICATE-----\nabc')).toEqual([2]);
  expect(lines('a b\n-----BEGIN PRIVATE KEY-----')).toEqual([1, 2]);
});

test('every bad line is a problem, and refuses a save only when this save brings it', () => {
  const raw = { customtargets: 'nonsense\nhttp://a\nftp://b', customTargetSecrets: 'hunter2' };
  const { settings, problems } = parseSettings(raw);
  expect(settings.customTargets.map(({ host }) => host)).toEqual(['a']);
  expect(problems.map(({ code, message }) => [code, message.slice(0, 50)])).toEqual([
    ['SETTING_INVALID', 'The setting CustomTargets has a mistake in line 1 '],
    ['SETTING_INVALID', 'The setting CustomTargets has a mistake in line 3 '],
    ['SETTING_INVALID', 'The setting CustomTargetSecrets has a mistake in l'],
  ]);
  expect(JSON.stringify(problems)).not.toContain('hunter2');
  expect(inEnglish(refuseChange({}, raw)!)).toMatch(/^CustomTargets: has a mistake in line 1/);
  expect(refuseChange(raw, { ...raw })).toBeUndefined();
  expect(refuseChange({}, { CustomTargetSecrets: '*'.repeat(32) })).toBeUndefined();
  const many = parseSettings({ CustomTargets: 'x\n'.repeat(50) }).problems;
  expect(many).toHaveLength(11);
  expect(many[10]?.message).toContain('40 more lines');
});
