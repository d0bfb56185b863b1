import {
  isSentenceList,
  type KnownSentence,
  type Sentence,
  type SentenceValue,
} from './sentence.ts';
import { english } from './sentences/index.ts';
import { fillTemplate } from './template.ts';

/** The sentence for logs, files, and callers of the API; times are UTC. */
export function inEnglish({ id, values }: Sentence): string {
  const template = (english as Readonly<Record<string, string>>)[id] ?? id;
  return fillTemplate(
    template,
    (name) => valueText(name, values[name]),
    (name) => Number(values[name]),
  );
}

/** Both ways to tell a sentence, for what has a `message`. */
export function toldAs(sentence: KnownSentence): { message: string; sentence: KnownSentence } {
  return { message: inEnglish(sentence), sentence };
}

function valueText(name: string, value: SentenceValue | undefined): string | undefined {
  if (typeof value === 'number') return numberText(name, value);
  if (value === undefined || typeof value === 'string') return value;
  return isSentenceList(value) ? value.map(inEnglish).join(', ') : inEnglish(value);
}

function numberText(name: string, value: number): string {
  if (name.endsWith('Bytes')) return bytesText(value);
  if (name.endsWith('Ms')) return durationText(value);
  return name.endsWith('Time') ? timeText(value) : String(value);
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** Whole MiB, rounded up: what is needed is never told as less. */
function bytesText(bytes: number): string {
  if (bytes < KIB) return `${String(bytes)} B`;
  if (bytes < MIB) return `${String(Math.ceil(bytes / KIB))} KiB`;
  return `${String(Math.ceil(bytes / MIB))} MiB`;
}

function durationText(ms: number): string {
  if (ms < 1_000) return `${String(Math.round(ms))} ms`;
  // A tenth matters where a limit has one.
  return `${String(ms < 10_000 ? Math.round(ms / 100) / 10 : Math.round(ms / 1_000))} s`;
}

function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
