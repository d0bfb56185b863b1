// Goal: whoever reads German reads no English sentence of the server; what this version of the console
// cannot say stays English and is marked so. Method: a fake API tells every sentence of the catalogue.
import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { inEnglish, say, toldAs, type Problem } from '../../api/index.ts';
import { translationsFor } from '../../webapp/src/i18n/translations.ts';
import { browserTest, ConsoleBrowser, expectNoComplaint, primary } from './console-fixture.ts';
import { everySentence, tellTheWorst, worstDay } from './fixture-sentences.ts';

const consoleBrowser = new ConsoleBrowser();
const german = '?locale=de';

/** What stands on the page, with plain blanks. */
async function textOf(page: Page, selector: string): Promise<string> {
  const texts = await page.locator(selector).allInnerTexts();
  return texts.join('\n').replaceAll(/[\u00a0\u202f]/g, ' ');
}

/** Parts of the page that screen readers are told to read in English. */
const marked = (page: Page) => page.locator('span[lang=en]').allTextContents();

browserTest('says every sentence of the catalogue in German', async () => {
  const sentences = everySentence(Date.now());
  const { page, complaints } = await consoleBrowser.open({
    query: german,
    prepare: (api) => {
      api.status.problems = sentences.map((sentence): Problem => {
        const message = inEnglish(sentence);
        const sentencesToo = { message: sentence, advice: sentence };
        const told = { code: 'CODE', severity: 'error', message, advice: message } as const;
        return { ...told, sentences: sentencesToo };
      });
    },
  });
  const items = page.locator('.mmx-problems li');
  await items.nth(sentences.length - 1).waitFor();
  const shown = await items.locator('.mmx-notice__title').allInnerTexts();
  const translations = translationsFor('de');
  const english = sentences.filter((sentence, i) => {
    const isSame =
      translations[`mmx.server.${sentence.id}`] ===
      translationsFor('en')[`mmx.server.${sentence.id}`];
    return !isSame && shown[i]?.includes(inEnglish(sentence)) !== false;
  });
  expect(english.map(({ id }) => id)).toEqual([]);
  // No value was forgotten, and each is formatted as Germans write it.
  expect(shown.filter((text) => /[{}]|undefined|\[object|mmx\./.test(text))).toEqual([]);
  const all = shown.join('\n').replaceAll('\u00a0', ' ');
  expect(all).toMatch(/braucht 1,5 GiB auf der Festplatte/);
  expect(all).toMatch(/nicht binnen 95 s/);
  expect(all).toMatch(/mehr als 1\.234 Knoten/);
  expect(all).toMatch(/1\.234 Blöcke mit Metriken gingen verloren/);
  expect(await marked(page)).toEqual([]);
  expectNoComplaint(complaints);
});

browserTest('has no English on the page of a bad day, in overview and dumps', async () => {
  const { page, complaints } = await consoleBrowser.open({
    query: german,
    prepare: (api) => {
      tellTheWorst(api, Date.now());
    },
  });
  await page.getByText('Knoten mattermost-2 hat seine neuesten').waitFor({ state: 'attached' });
  await page.getByText('3 Lücken in letzter Zeit').waitFor();
  for (const summary of await page.locator('#mmx-overview summary, #mmx-dumps summary').all()) {
    if ((await summary.innerText()) !== 'Einzelheiten für den Support') await summary.click();
  }
  const overview = await textOf(page, '#mmx-overview');
  expect(overview).toContain('Das Ziel hat nicht binnen 12,5 s geantwortet.');
  expect(overview).toContain(
    'mattermost-2 mindestens 42 s voraus, mattermost-3 mindestens 7 s zurück',
  );
  expect(overview).toContain('Das Sammeln ging von mattermost-2 auf mattermost-1 über.');
  expect(overview).toContain('nimmt niemand Verbindungen an. (3 Lücken in dieser Zeit)');
  const dumps = await textOf(page, '#mmx-dumps');
  expect(dumps).toContain('Das Archiv dieses Dumps hat etwa 871 MiB');
  expect(dumps).toContain('Block 01JD3Y6Q3ZK8T4V9W5X2M7N1PB ist nicht lesbar');
  // The commonest English words, which are no German ones.
  const words = `${overview} ${dumps}`.match(/\b(the|of|and|is|are|not|with|has|for)\b/g);
  expect(words).toBeNull();
  expect(await marked(page)).toEqual([]);
  expectNoComplaint(complaints);
});

browserTest('shows English, marked, what another version tells in its own way', async () => {
  const known = say('scrape.late', { limitMs: 1_000 });
  const told = (message: string, sentence?: { id: string; values: object }) => ({
    ...{ code: 'CODE', severity: 'error', message, advice: `${message} (advice)` },
    ...(sentence && { sentences: { message: sentence, advice: sentence } }),
  });
  const { page } = await consoleBrowser.open({
    query: german,
    prepare: (api) => {
      api.status.problems = [
        told('Of an older node.'),
        told('Of a newer node.', { id: 'of.tomorrow', values: {} }),
        told('With other values.', { id: known.id, values: { limitSeconds: 1 } }),
        told('With a value of tomorrow.', {
          id: 'target.no-data',
          values: { instance: 'i', job: 'j', url: 'u', reason: { id: 'of.tomorrow', values: {} } },
        }),
        told('No sentence at all.', { id: 'A b', values: {} }),
      ] as Problem[];
      api.addReady({ archive: Buffer.alloc(1), warnings: ['A note of an older node.'] });
    },
  });
  await page.locator('.mmx-problems li').nth(4).waitFor();
  await page.getByText('A note of an older node.').waitFor({ state: 'attached' });
  const english = await marked(page);
  for (const message of [
    ...['Of an older node.', 'Of a newer node.', 'With other values.'],
    ...['With a value of tomorrow.', 'No sentence at all.', 'A note of an older node.'],
  ]) {
    expect(english).toContain(message);
  }
});

browserTest('says in German what the API refuses, at the place of the click', async () => {
  const { page, api } = await consoleBrowser.open({ query: german });
  await page.getByText('Noch keine Dumps.').waitFor();
  const refused = say('api.too-many-dumps', { limitCount: 10, waitMs: 42_000 });
  api.troubledPath = /^POST/;
  api.trouble = {
    kind: 'api',
    status: 429,
    error: { code: 'DUMP_TOO_MANY', ...toldAs(refused), detail: '' },
  };
  await page.getByRole('button', { name: 'Metrik-Dump herunterladen' }).click();
  const alert = page.locator('#mmx-dumps').getByRole('alert');
  await alert.getByText(/Du hast binnen einer Minute 10 Dumps begonnen: Warte 42.s\./).waitFor();
  expect(await marked(page)).toEqual([]);
});

browserTest('tells times in the zone of the page, in English, too', async () => {
  const { page } = await consoleBrowser.open({
    prepare: (api) => {
      const untilTime = Date.UTC(2026, 10, 20, 23, 30);
      const told = { instance: 'i', job: 'j', limitCount: 10_000, untilTime };
      const sentence = say('growth.all', told);
      const [problem] = worstDay(untilTime);
      if (problem === undefined) throw new Error('there is no problem');
      const { message } = toldAs(sentence);
      const sentences = { message: sentence, advice: say('growth.advice') };
      api.status.problems = [{ ...problem, message, sentences }];
    },
  });
  await primary(page).waitFor();
  const problem = page.locator('.mmx-problems li');
  expect(await problem.innerText()).toMatch(/10,000 new series .* until Nov 21, 2026, 12:30.AM\./);
  await page.getByLabel('Times in').first().selectOption('utc');
  await problem.getByText(/until Nov 20, 2026, 11:30.PM\./).waitFor();
});
