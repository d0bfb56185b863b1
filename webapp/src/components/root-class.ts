import { useEffect, useState } from 'react';
import { isDarkTheme, watchTheme } from '../host/theme.ts';

/** Class of our outermost element, for the host's present theme. */
export function rootClass(isDark: boolean): string {
  return isDark ? 'mmx-root mmx-root--dark' : 'mmx-root';
}

/** The same, kept up to date. */
export function useRootClass(): string {
  const [isDark, setDark] = useState(isDarkTheme);
  useEffect(() => {
    const look = () => {
      setDark(isDarkTheme());
    };
    look();
    return watchTheme(look);
  }, []);
  return rootClass(isDark);
}
