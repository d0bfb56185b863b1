/**
 * Clicks a plain link, so that the browser itself downloads: to disk, with its progress, able to
 * resume. The element lives below `parent` for the moment of the click only.
 */
export function startDownload(url: string, fileName: string, parent: HTMLElement): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName;
  link.hidden = true;
  parent.append(link);
  link.click();
  link.remove();
}
