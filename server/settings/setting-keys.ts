/** There are fewer settings, and their names are shorter. */
const maxKeys = 100;
const maxKeyLength = 100;

const keyShape = /^[A-Za-z][A-Za-z0-9_]*$/;

/** A list of names that could be those of settings; undefined for anything else. */
export function settingKeysIn(value: unknown): string[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > maxKeys) return undefined;
  const keys = value.filter(
    (key): key is string =>
      typeof key === 'string' && key.length <= maxKeyLength && keyShape.test(key),
  );
  return keys.length === value.length ? keys : undefined;
}
