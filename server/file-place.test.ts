import { expect, test } from '@jest/globals';
import { filePlace } from './file-place.ts';

test('is the directory of the local driver, below the working directory', () => {
  const file = { driverName: 'local', directory: './data/' };
  expect(filePlace(file, '/srv', '/var/m')).toEqual({ directory: '/srv/data', problems: [] });
  const absolute = { driverName: '', directory: '/files' };
  expect(filePlace(absolute, '/srv', '/var/m')).toEqual({ directory: '/files', problems: [] });
});

test('is beside the store, loudly, for a driver that is not spoken', () => {
  const { directory, problems } = filePlace(
    { driverName: 'amazons3', directory: './data/' },
    '/srv',
    '/var/m',
  );
  expect(directory).toBe('/var/m/file-store');
  expect(problems).toMatchObject([{ code: 'FILE_STORE_UNSUPPORTED', severity: 'error' }]);
});
