import { expect, test } from '@jest/globals';
import { asError, codeOf, errorText } from './index.ts';

test('leaves errors alone and keeps what else was thrown as message and cause', () => {
  const error = new TypeError('x');
  expect(asError(error)).toBe(error);
  const like = { message: 'from another realm', code: 'EIO' };
  expect(asError(like)).toMatchObject({ message: 'from another realm', cause: like });
  expect(asError('text').message).toBe('text');
  expect(asError(undefined).message).toBe('undefined');
});

test('finds code and sentence of whatever was thrown', () => {
  const error = Object.assign(new Error('no room'), { code: 'ENOSPC' });
  expect([codeOf(error), errorText(error)]).toEqual(['ENOSPC', 'no room']);
  const like = { message: 'from another realm', code: 'EIO' };
  expect([codeOf(like), errorText(like)]).toEqual(['EIO', 'from another realm']);
  expect([codeOf({ code: 7 }), errorText({ message: 7 })]).toEqual([undefined, '[object Object]']);
  for (const nothing of [undefined, null, 'text']) {
    expect([codeOf(nothing), errorText(nothing)]).toEqual([undefined, String(nothing)]);
  }
});
