import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

test('plugin.json is what the declared settings say', async () => {
  const checked = promisify(execFile)(process.execPath, ['build/manifest.ts', '--check']);
  await expect(checked).resolves.toMatchObject({ stderr: '' });
});
