import { X509Certificate } from 'node:crypto';
import { say } from '../../api/index.ts';
import type { LineError, SettingLines } from './setting-lines.ts';

/** Certificates in PEM, by the names that targets use. */
export type TargetCertificates = ReadonlyMap<string, string>;

const maxCertificatesChars = 256 * 1024;
const begin = '-----BEGIN CERTIFICATE-----';
const end = '-----END CERTIFICATE-----';

/**
 * Reads certificates in PEM. A line that is no PEM names those that follow it, up to the next name:
 *
 *     own
 *     -----BEGIN CERTIFICATE-----
 *     …
 */
export function parseTargetCertificates(text: string): SettingLines<TargetCertificates> {
  const value = new Map<string, string>();
  const errors: LineError[] = [];
  if (text.length > maxCertificatesChars) {
    const mistake = say('certificate.too-long', { limitCount: maxCertificatesChars });
    return { value, errors: [{ line: 1, mistake }] };
  }
  let name: string | undefined;
  let open: { line: number; lines: string[] } | undefined;
  const finish = (pem: string, line: number) => {
    if (name === undefined) errors.push({ line, mistake: say('certificate.no-name') });
    else if (!isCertificate(pem)) errors.push({ line, mistake: say('certificate.invalid') });
    else value.set(name, `${value.get(name) ?? ''}${pem}\n`);
  };
  for (const [at, content] of text.split('\n').entries()) {
    const line = content.trim();
    if (line === begin) open = { line: at + 1, lines: [line] };
    else if (open !== undefined) {
      open.lines.push(line);
      if (line !== end) continue;
      finish(open.lines.join('\n'), open.line);
      open = undefined;
    } else if (/^[A-Za-z0-9_.-]{1,64}$/.test(line)) name = line;
    else if (line !== '' && !line.startsWith('#')) {
      errors.push({ line: at + 1, mistake: say('certificate.stray') });
    }
  }
  if (open !== undefined) errors.push({ line: open.line, mistake: say('certificate.open') });
  return { value, errors };
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
