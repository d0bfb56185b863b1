import { array, gobRegistry, int, marshaler, string, struct, uint } from '../../lib/gob/index.ts';

const pqFields = ['Severity', 'Code', 'Message', 'Detail', 'Table', 'Column', 'Constraint'];

/** What the server's driver may send inside interface values. */
export const driverRegistry = gobRegistry({
  '*plugin.ErrorString': struct('ErrorString', { Code: int, Err: string }),
  '*pq.Error': struct('Error', Object.fromEntries(pqFields.map((name) => [name, string]))),
  '*mysql.MySQLError': struct('MySQLError', {
    Number: uint,
    SQLState: array(uint, 5),
    Message: string,
  }),
  'time.Time': marshaler('gob', 'Time'),
});
