export { AuditLog } from './audit-log.ts';
export { SettingsAudit } from './settings-audit.ts';
