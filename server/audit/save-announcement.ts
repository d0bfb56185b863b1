import { isServerId, type AuditRecord } from '../mattermost/index.ts';
import { settingKeysIn } from '../settings/index.ts';

/** Somebody says that they have saved settings in System Console. */
export interface SaveAnnouncement {
  actor: AuditRecord['actor'];
  /** The settings that they edited, in any case; more of them than have changed is no harm. */
  keys: readonly string[];
}

/** Id of the event by which the nodes of a cluster pass announcements on. */
export const announcementEventId = 'settings-saved';
const announcementVersion = 1;

/** What is longer is cut: none of it is needed to know who it was. */
const maxTextLength = 300;

/** Longest event that is read; what this module writes is shorter. */
const maxEventBytes = 32 * 1024;

export function encodeAnnouncement({ actor, keys }: SaveAnnouncement): Uint8Array {
  const { client, forwardedFor, ipAddress, userId } = actor;
  const cut = (text: string) => text.slice(0, maxTextLength);
  const told = { client: cut(client), forwardedFor: cut(forwardedFor), ipAddress: cut(ipAddress) };
  const body = { v: announcementVersion, userId, ...told, keys };
  return new TextEncoder().encode(JSON.stringify(body));
}

/** Undefined for what is no announcement, or one of a version that is not known. */
export function readAnnouncement(event: Uint8Array): SaveAnnouncement | undefined {
  if (event.length > maxEventBytes) return undefined;
  try {
    const body = Object(JSON.parse(new TextDecoder().decode(event))) as Record<string, unknown>;
    const keys = settingKeysIn(body['keys']);
    const userId = textIn(body['userId']);
    if (body['v'] !== announcementVersion || keys === undefined) return undefined;
    if (!isServerId(userId)) return undefined;
    const { client, forwardedFor, ipAddress } = body;
    return {
      actor: {
        userId,
        client: textIn(client),
        ipAddress: textIn(ipAddress),
        forwardedFor: textIn(forwardedFor),
      },
      keys,
    };
  } catch {
    return undefined;
  }
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, maxTextLength) : '';
}
