import type { SaveAnnouncement } from './save-announcement.ts';

/**
 * How far a save and its announcement may be apart. The console announces when the server has answered,
 * which it does when all plugins have heard of the change.
 */
export const joinMs = 10_000;

/** Saves and announcements that are remembered; nobody saves so often. */
const maxRemembered = 32;

/** A change of settings whose author is asked for. */
interface Save {
  keys: ReadonlySet<string>;
  atMs: number;
}

interface Announced extends SaveAnnouncement {
  lowerKeys: ReadonlySet<string>;
  atMs: number;
}

/**
 * Joins changes of settings, of which the server does not say whose they are, with those who announce
 * that they have saved. An announcement fits a change when its author edited all that has changed, and
 * both are close in time. Never a guess: when more than one user fits, or more changes than announcements,
 * it is nobody.
 */
export class SaveAuthors {
  readonly #announced: Announced[] = [];
  readonly #saves: Save[] = [];

  announced(announcement: SaveAnnouncement, nowMs: number): void {
    const lowerKeys = lowerCased(announcement.keys);
    remember(this.#announced, { ...announcement, lowerKeys, atMs: nowMs }, nowMs);
  }

  /** Settings have changed, or somebody tried; the answer is what {@link authorOf} takes. */
  saved(keys: readonly string[], nowMs: number): Save {
    const save: Save = { keys: lowerCased(keys), atMs: nowMs };
    remember(this.#saves, save, nowMs);
    return save;
  }

  /** Who made a change, as far as it has been announced by now. */
  authorOf(save: Save): SaveAnnouncement['actor'] | undefined {
    const announcements = this.#announced.filter((announced) => fits(announced, save));
    const [first] = announcements;
    if (first === undefined) return undefined;
    const { userId } = first.actor;
    if (announcements.some(({ actor }) => actor.userId !== userId)) return undefined;
    const rivals = this.#saves.filter((other) => announcements.some((one) => fits(one, other)));
    return rivals.length > announcements.length ? undefined : first.actor;
  }
}

function fits({ atMs, lowerKeys }: Announced, save: Save): boolean {
  return Math.abs(atMs - save.atMs) <= joinMs && [...save.keys].every((key) => lowerKeys.has(key));
}

function lowerCased(keys: readonly string[]): ReadonlySet<string> {
  return new Set(keys.map((key) => key.toLowerCase()));
}

/** Forgets what can fit nothing any more: everything asked about is at most {@link joinMs} old. */
function remember<T extends { atMs: number }>(list: T[], entry: T, nowMs: number): void {
  const recent = list.filter(({ atMs }) => nowMs - atMs <= 3 * joinMs);
  list.splice(0, list.length, ...recent.slice(-(maxRemembered - 1)), entry);
}
