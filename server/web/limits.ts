/** Largest request body: a range is two numbers; anything bigger is a mistake or an attack. */
export const bodyLimitBytes = 64 * 1024;

/** Dumps that one user may begin within {@link createPeriodMs}; a person at a page needs fewer. */
export const maxCreatesPerPeriod = 10;
export const createPeriodMs = 60_000;

/** Estimates, and as many previews, that one user may ask for within {@link createPeriodMs}: a form asks with each change. */
export const maxQuestionsPerPeriod = 120;

/** Saves of settings that one user may announce within {@link createPeriodMs}: a form is saved by hand. */
export const maxSavesPerPeriod = 20;

/** Users whose creates are counted; administrators are few, and the oldest is forgotten. */
export const maxRatedUsers = 1_000;
