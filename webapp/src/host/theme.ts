/** Whether the host's colours are those of a dark theme; without its variables they are light. */
export function isDarkTheme(): boolean {
  const style = getComputedStyle(document.documentElement);
  const [red, green, blue] = style
    .getPropertyValue('--center-channel-bg-rgb')
    .split(',')
    .map(Number);
  if (red === undefined || green === undefined || blue === undefined) {
    return false;
  }
  // As bright as the eye sees the channels.
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}

/** Tells of changes of the host's theme, which it writes to its root element; the answer ends that. */
export function watchTheme(onChange: () => void): () => void {
  const observer = new MutationObserver(onChange);
  observer.observe(document.documentElement, { attributeFilter: ['style', 'class', 'data-theme'] });
  return () => {
    observer.disconnect();
  };
}
