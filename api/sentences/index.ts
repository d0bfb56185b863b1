import { cluster } from './cluster.ts';
import { collect } from './collect.ts';
import { dumps } from './dumps.ts';
import { node } from './node.ts';
import { refusals } from './refusals.ts';
import { scrapes } from './scrapes.ts';
import { settings } from './settings.ts';
import { share } from './share.ts';

/**
 * Every sentence with which the server tells people something, by id, as an English template. An id
 * stays what it is: with other values the sentence gets a new one, so that nodes and consoles of other
 * versions either know it or show the English text.
 */
export const english = {
  ...cluster,
  ...collect,
  ...dumps,
  ...node,
  ...refusals,
  ...scrapes,
  ...settings,
  ...share,
} as const;

export type SentenceId = keyof typeof english;
