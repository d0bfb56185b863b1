/** Largest request body: a range is two numbers; anything bigger is a mistake or an attack. */
export const bodyLimitBytes = 64 * 1024;
