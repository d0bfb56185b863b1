import type { KeyboardEvent } from 'react';

/** Enter in an input would save the whole console page around us. */
export function keepFormFromSubmitting(event: KeyboardEvent): void {
  if (event.key === 'Enter') {
    event.preventDefault();
  }
}
