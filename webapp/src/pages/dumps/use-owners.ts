import { useEffect, useState } from 'react';
import type { Dump } from '../../../../api/index.ts';
import { useApi } from '../../api/context.ts';

/** As the host makes its ids; dumps of the Go plugin have no owner. */
const USER_ID = /^[a-z0-9]{26}$/;

/** The host answers for so many users at once. */
const MOST_OWNERS = 100;

/**
 * Names of those who asked for the dumps, by their ids, as far as the host tells them: nobody's name is
 * worth a failure, so what it does not tell is left out.
 */
export function useOwners(dumps: readonly Dump[]): ReadonlyMap<string, string> {
  const api = useApi();
  const [names, setNames] = useState<ReadonlyMap<string, string>>(new Map());
  const ids = [...new Set(dumps.map(({ createdBy }) => createdBy))].filter((id) =>
    USER_ID.test(id),
  );
  // Equal lists are one text: the effect runs when somebody new is among them.
  const asked = ids.slice(0, MOST_OWNERS).sort().join(' ');
  useEffect(() => {
    if (asked === '') {
      return undefined;
    }
    const asking = new AbortController();
    api.usernames(asked.split(' '), asking.signal).then(setNames, () => undefined);
    return () => {
      asking.abort();
    };
  }, [api, asked]);
  return names;
}
