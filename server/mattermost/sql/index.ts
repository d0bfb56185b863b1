export {
  sqlDialect,
  type Database,
  type SqlChange,
  type SqlDialect,
  type SqlOptions,
  type SqlQueryOptions,
  type SqlResult,
} from './database.ts';
export { RpcDatabase } from './sql-database.ts';
export { SqlError, type SqlErrorCode } from './sql-errors.ts';
export type { SqlArgument, SqlValue } from './sql-values.ts';
