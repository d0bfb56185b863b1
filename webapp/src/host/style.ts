/** Attaches the plugin's one style element; the answer removes it. */
export function attachStyle(pluginId: string, css: string): () => void {
  const element = document.createElement('style');
  element.dataset['plugin'] = pluginId;
  element.textContent = css;
  document.head.append(element);
  return () => {
    element.remove();
  };
}
