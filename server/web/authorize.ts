import type { RequestHandler } from 'express';
import { HttpError } from './errors.ts';

/** Set by the server for a valid session only; whatever a client sends under this name is removed. */
const userHeader = 'mattermost-user-id';
/** Set by the server on requests between plugins. */
const pluginHeader = 'mattermost-plugin-id';

/** Asks the server whether a user holds a permission. */
export type PermissionCheck = (userId: string, permissionId: string) => Promise<boolean>;

/**
 * The one gate before every route: nobody without a session, nobody without `manage_system`, no
 * other plugin. Default deny: an unknown path is refused here before it is found to be unknown.
 */
export function authorize(hasPermission: PermissionCheck): RequestHandler {
  return async (request, _response, next) => {
    const userId = request.header(userHeader) ?? '';
    if (userId === '') {
      throw new HttpError(401, 'NOT_SIGNED_IN', 'Your session has ended; sign in again.');
    }
    const isFromPlugin = (request.header(pluginHeader) ?? '') !== '';
    if (isFromPlugin || !(await hasPermission(userId, 'manage_system'))) {
      throw new HttpError(
        403,
        'NOT_PERMITTED',
        'Only a system administrator may see metrics and make dumps of them.',
      );
    }
    next();
  };
}

/** Who is asking; only behind {@link authorize}. */
export function userIdOf(request: { header(name: string): string | undefined }): string {
  return request.header(userHeader) ?? '';
}
