import React, { useEffect, useLayoutEffect, useRef } from 'react';
import { useApi } from '../../api/context.ts';
import type { CustomSettingProps, SaveAction } from '../../host/registry.ts';
import { manifest } from '../../manifest.ts';
import { EditedSettings } from './edited-settings.ts';

/**
 * Tells the plugin who saves its settings and which they edited: the host's server tells plugins of a
 * change alone. Whether the plugin hears it or not, the save is never held up and never fails by it.
 */
export function SaveAnnouncer(host: CustomSettingProps) {
  const { config, registerSaveAction, unRegisterSaveAction } = host;
  const api = useApi();
  const place = useRef<HTMLSpanElement>(null);
  const shown = useRef(config);
  useLayoutEffect(() => {
    shown.current = config;
  }, [config]);
  useEffect(() => {
    const form = place.current?.closest('form') ?? null;
    if (form === null || registerSaveAction === undefined) {
      return undefined;
    }
    const edited = new EditedSettings(manifest.id);
    const note = ({ target }: Event) => {
      edited.note(target);
    };
    let known = shown.current;
    let looking = 0;
    const announce: SaveAction = () => {
      const keys = edited.keys();
      if (keys.length > 0) {
        // Without it the record of the change says that nobody is known to have made it.
        api.announceSave(keys, new AbortController().signal).catch(() => undefined);
      }
      // The host shows the configuration that it saved before or after this, but at once. A refused save
      // leaves the old one, and what was edited is part of the next save.
      window.clearTimeout(looking);
      looking = window.setTimeout(() => {
        if (shown.current !== known) {
          edited.clear();
        }
        known = shown.current;
      }, 0);
      return Promise.resolve({});
    };
    form.addEventListener('input', note, true);
    form.addEventListener('change', note, true);
    registerSaveAction(announce);
    return () => {
      window.clearTimeout(looking);
      form.removeEventListener('input', note, true);
      form.removeEventListener('change', note, true);
      unRegisterSaveAction?.(announce);
    };
  }, [api, registerSaveAction, unRegisterSaveAction]);
  return <span hidden ref={place} />;
}
