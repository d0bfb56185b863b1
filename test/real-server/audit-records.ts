import { readFile } from 'node:fs/promises';
import type { Site } from './site.ts';

/** A line of the server's audit log. */
export interface AuditRecord {
  event_name: string;
  status: string;
  actor: { user_id: string };
  event: { parameters: Record<string, unknown>; object_type: string };
  error: { description?: string; status_code?: number };
}

/** The text of the server's audit log. */
export function auditText(site: Site): Promise<string> {
  return readFile(`${site.options.directory}/logs/audit.log`, 'utf8');
}

/** What the server's audit log tells, oldest first. */
export async function auditRecords(site: Site): Promise<AuditRecord[]> {
  const lines = (await auditText(site)).split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line) as AuditRecord);
}
