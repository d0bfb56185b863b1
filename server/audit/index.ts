export { AuditLog } from './audit-log.ts';
export {
  announcementEventId,
  encodeAnnouncement,
  readAnnouncement,
  type SaveAnnouncement,
} from './save-announcement.ts';
export { SettingsAudit } from './settings-audit.ts';
