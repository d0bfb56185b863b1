import { expect, test } from '@jest/globals';
import { asError } from './index.ts';

test('leaves errors alone and keeps what else was thrown as message and cause', () => {
  const error = new TypeError('x');
  expect(asError(error)).toBe(error);
  const like = { message: 'from another realm', code: 'EIO' };
  expect(asError(like)).toMatchObject({ message: 'from another realm', cause: like });
  expect(asError('text').message).toBe('text');
  expect(asError(undefined).message).toBe('undefined');
});
