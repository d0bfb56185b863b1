/** Whether a text looks like the server's ids: of users, nodes, and everything else. */
export function isServerId(text: string): boolean {
  return /^[a-z0-9]{26}$/.test(text);
}
