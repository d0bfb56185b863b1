import { expect, test } from '@jest/globals';
import { parseMultipart } from './multipart.ts';

const type = 'multipart/form-data; boundary=XX';
const body = (...lines: string[]) => Buffer.from(lines.join('\r\n'));

test('cuts a form into its parts, bytes untouched', () => {
  const form = body(
    '--XX',
    'Content-Disposition: form-data; name="force"',
    '',
    'true',
    '--XX',
    'Content-Disposition: form-data; name="plugin"; filename="a b.tar.gz"',
    'Content-Type: application/gzip',
    '',
    '\r\n--X\r\n',
    '--XX--',
    '',
  );
  expect(
    parseMultipart(type, form).map(({ name, fileName, content }) => [
      name,
      fileName,
      content.toString(),
    ]),
  ).toEqual([
    ['force', undefined, 'true'],
    ['plugin', 'a b.tar.gz', '\r\n--X\r\n'],
  ]);
  expect(parseMultipart('multipart/form-data; boundary="XX"', form)).toHaveLength(2);
});

test('refuses what is no form, or cut', () => {
  expect(() => parseMultipart('application/json', body('{}'))).toThrow("isn't multipart/form-data");
  expect(() => parseMultipart(type, body('nothing'))).toThrow('NextPart: EOF');
  expect(() => parseMultipart(type, body('--XX', 'a: b', '', 'rest'))).toThrow('unexpected EOF');
});
