const secretWords = new Set([
  'secret',
  'password',
  'passwd',
  'token',
  'key',
  'authorization',
  'signature',
  'sas',
  'credential',
  'credentials',
  'cookie',
]);

const redacted = '[redacted]';

/** Whether a log field of this name may hold a secret: `s3SecretKey`, `sas_token`, `Authorization`. */
export function looksSecret(name: string): boolean {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
  return words.split(/[^a-z0-9]+/).some((word) => secretWords.has(word));
}

/** Takes credentials out of URLs inside a text: passwords, signatures, tokens. */
export function redactText(text: string): string {
  return text
    .replace(/(\/\/[^/\s:@]*:)[^/\s@]+@/g, `$1${redacted}@`)
    .replace(
      /([?&](?:[\w-]*(?:signature|token|secret|password|credential)|sig|key)=)[^&\s"']+/gi,
      `$1${redacted}`,
    );
}

/** The text of a field as it may be logged. */
export function redactField(name: string, text: string): string {
  return looksSecret(name) && text !== '' ? redacted : redactText(text);
}
