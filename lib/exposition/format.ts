/** The formats that a body can have. */
export type ExpositionFormat = 'text' | 'openmetrics';

/**
 * Media types to ask for: those of Prometheus 2.48 in its order and with its weights. What knows
 * names beyond ASCII may send them as they are; the second text type is for those alone.
 */
export const acceptedFormats = [
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8',
  'application/openmetrics-text;version=0.0.1;q=0.75',
  'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6',
  'text/plain;version=0.0.4;q=0.5',
  '*/*;q=0.1',
].join(',');

/** Format of a body with this content type: OpenMetrics when it says so, else text, as Prometheus 2. */
export function formatOf(contentType: string | undefined): ExpositionFormat {
  const [mediaType = ''] = (contentType ?? '').split(';', 1);
  return mediaType.trim().toLowerCase() === 'application/openmetrics-text' ? 'openmetrics' : 'text';
}
