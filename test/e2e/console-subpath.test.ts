import { readFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import { browserTest, ConsoleBrowser, expectNoComplaint } from './console-fixture.ts';

const consoleBrowser = new ConsoleBrowser('/chat');

browserTest('works on a site below a path', async () => {
  const archive = Buffer.from('an archive');
  const { page, complaints } = await consoleBrowser.open({
    prepare: (api) => {
      api.addReady({ archive });
    },
  });
  const coming = page.waitForEvent('download');
  await page.getByRole('link', { name: /^Download \(10 B\)/ }).click();
  const download = await coming;
  expect(new URL(download.url()).pathname).toMatch(/^\/chat\/plugins\//);
  expect(readFileSync(await download.path()).equals(archive)).toBe(true);
  expectNoComplaint(complaints);
});
