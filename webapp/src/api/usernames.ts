import { fields, list, text, type Reader } from '../../../api/read.ts';

/** Reads the host's list of users: the name of each by the id. */
export const usernames: Reader<ReadonlyMap<string, string>> = (value, path) => {
  const users = list(fields<{ id: string; username: string }>({ id: text, username: text }));
  return new Map(users(value, path).map(({ id, username }) => [id, username]));
};
