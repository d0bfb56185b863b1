import { say } from '../../api/index.ts';
import { type SettingLines, readLines, readName, refuseLine } from './setting-lines.ts';

/** Values of the Authorization header, by the names that targets use. */
export type TargetSecrets = ReadonlyMap<string, string>;

const maxSecretsChars = 64 * 1024;

/** What may stand in a header. */
const printable = /^[\x21-\x7e]+$/;

/**
 * Reads secrets, one per line: `name bearer TOKEN` or `name basic USER PASSWORD`; the password is
 * the rest of the line. Sentences never repeat any of it.
 */
export function parseTargetSecrets(text: string): SettingLines<TargetSecrets> {
  const value = new Map<string, string>();
  if (text.length > maxSecretsChars) {
    const mistake = say('secret.too-long', { limitCount: maxSecretsChars });
    return { value, errors: [{ line: 1, mistake }] };
  }
  const errors = readLines(text, (line) => {
    const [, nameText = '', kind = '', rest = ''] = /^(\S+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    const name = readName(nameText);
    if (value.has(name)) refuseLine(say('line.name-twice'));
    value.set(name, authorizationOf(kind.toLowerCase(), rest));
  });
  return { value, errors };
}

function authorizationOf(kind: string, rest: string): string {
  if (kind === 'bearer') {
    if (!printable.test(rest)) refuseLine(say('secret.token'));
    return `Bearer ${rest}`;
  }
  if (kind !== 'basic') return refuseLine(say('secret.form'));
  const [, user = '', password = ''] = /^(\S+)\s+(.+)$/.exec(rest) ?? [];
  if (user === '') refuseLine(say('secret.basic'));
  if (user.includes(':')) refuseLine(say('secret.colon'));
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
