/**
 * Copies a text. Browsers forbid it on sites without TLS; then the text is selected in `shown`, so
 * that one key press copies it, and the promise rejects.
 */
export async function copyText(text: string, shown: Element | null): Promise<void> {
  try {
    // Absent on insecure sites, whatever its type says.
    await navigator.clipboard.writeText(text);
  } catch (error) {
    if (shown !== null) {
      window.getSelection()?.selectAllChildren(shown);
    }
    throw error;
  }
}
