import { type SettingLines, readLines, readName, refuseLine } from './setting-lines.ts';

/** Values of the Authorization header, by the names that targets use. */
export type TargetSecrets = ReadonlyMap<string, string>;

const maxSecretsChars = 64 * 1024;

/** What may stand in a header. */
const printable = /^[\x21-\x7e]+$/;

/**
 * Reads secrets, one per line: `name bearer TOKEN` or `name basic USER PASSWORD`; the password is
 * the rest of the line. Messages never repeat any of it.
 */
export function parseTargetSecrets(text: string): SettingLines<TargetSecrets> {
  const value = new Map<string, string>();
  if (text.length > maxSecretsChars) {
    const message = `the secrets are longer than ${String(maxSecretsChars)} characters`;
    return { value, errors: [{ line: 1, message }] };
  }
  const errors = readLines(text, (line) => {
    const [, nameText = '', kind = '', rest = ''] = /^(\S+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    const name = readName(nameText);
    if (value.has(name)) refuseLine('a name is given twice');
    value.set(name, authorizationOf(kind.toLowerCase(), rest));
  });
  return { value, errors };
}

function authorizationOf(kind: string, rest: string): string {
  if (kind === 'bearer') {
    if (!printable.test(rest)) refuseLine('a token must be of printable characters without blanks');
    return `Bearer ${rest}`;
  }
  if (kind !== 'basic') return refuseLine('write NAME bearer TOKEN or NAME basic USER PASSWORD');
  const [, user = '', password = ''] = /^(\S+)\s+(.+)$/.exec(rest) ?? [];
  if (user === '') refuseLine('write NAME basic USER PASSWORD');
  if (user.includes(':')) refuseLine('a user name must not have a colon');
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}
