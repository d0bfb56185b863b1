import React, { useRef, useState, type FormEvent } from 'react';
import type { PluginRegistry } from './registry.ts';
import { settingPath, type PageManifest, type PageSetting } from './settings.ts';

export interface FrameProps {
  manifest: PageManifest;
  registry: PluginRegistry;
  /** Whether all settings are shown to somebody who may not change them. */
  isReadOnly: boolean;
  /** Keys of settings that the server's environment decides. */
  environment: string[];
  onSubmit: () => void;
  /** Saves what the form holds; rejects with the sentence of who refuses. */
  onSave: (form: HTMLFormElement) => Promise<void>;
}

type SaveAction = () => Promise<{ error?: { message?: string } }>;

/** What plugins want to be done with a save. */
interface SaveActions {
  register: (action: SaveAction) => void;
  unregister: (action: SaveAction) => void;
  run: () => Promise<Awaited<ReturnType<SaveAction>>[]>;
}

function newSaveActions(): SaveActions {
  const actions: SaveAction[] = [];
  return {
    register: (action) => {
      actions.push(action);
    },
    unregister: (action) => {
      actions.splice(actions.indexOf(action), 1);
    },
    run: () => Promise.all(actions.map((action) => action())),
  };
}

const otherPlugins = ['Agents', 'Calls', 'GitHub', 'Jira', 'Playbooks'];

/** The part of System Console around a plugin's settings: sidebar, header, form, save bar. */
export function Frame(props: FrameProps) {
  const { manifest, registry, isReadOnly, environment, onSubmit, onSave } = props;
  const [isDirty, setDirty] = useState(false);
  const [refusal, setRefusal] = useState('');
  const [config, setConfig] = useState<object>({});
  const [saveActions] = useState(newSaveActions);
  const form = useRef<HTMLFormElement>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
    if (isDirty && form.current !== null) {
      save(form.current).catch((error: unknown) => {
        setRefusal(String(error));
      });
    }
  };
  // As the host does: the plugins' actions come after the save, whatever came of it, and are waited for.
  const save = async (element: HTMLFormElement) => {
    let refused = '';
    try {
      await onSave(element);
      setConfig({});
    } catch (error) {
      refused = String(error);
    }
    setRefusal(refused);
    const outcomes = await saveActions.run();
    setDirty(refused !== '' || outcomes.some(({ error }) => error?.message !== undefined));
  };
  const names = [...otherPlugins, manifest.name].sort();
  return (
    <div className="admin-frame">
      <nav className="admin-sidebar" aria-label="System Console">
        <div className="admin-sidebar__brand">System Console</div>
        <div className="admin-sidebar__category">Plugins</div>
        <ul>
          {names.map((name) => (
            <li key={name} className={name === manifest.name ? 'active' : undefined}>
              <a href="#">{name}</a>
            </li>
          ))}
        </ul>
      </nav>
      <div className="admin-console">
        <div className="wrapper--fixed">
          <h1 className="admin-console__header">{manifest.name}</h1>
          <div className="admin-console__wrapper">
            <div className="admin-console__content">
              <form className="form-horizontal" ref={form} onSubmit={submit}>
                {/* Makes Enter in any field submit, as it does in a console with one text setting. */}
                <input type="submit" hidden />
                <div className="banner">{manifest.settings_schema.header}</div>
                <Settings
                  settings={manifest.settings_schema.settings ?? []}
                  pluginId={manifest.id}
                  {...{ registry, isReadOnly, environment, config, saveActions }}
                  onChange={() => {
                    setDirty(true);
                  }}
                />
              </form>
            </div>
          </div>
          <div className="admin-console-save">
            <button
              type="button"
              className={`btn save-button${isDirty ? ' btn-primary' : ''}`}
              disabled={!isDirty}
              onClick={submit}
            >
              Save
            </button>
            <span className="error-message">{refusal}</span>
          </div>
        </div>
      </div>
    </div>
  );
}

/** What every setting needs of its page. */
interface SettingContext extends Pick<FrameProps, 'registry' | 'isReadOnly' | 'environment'> {
  pluginId: string;
  /** What the host knows of the configuration: another object after each save. */
  config: object;
  saveActions: SaveActions;
  onChange: () => void;
}

function Settings({ settings, ...page }: SettingContext & { settings: PageSetting[] }) {
  return (
    <>
      {settings.map((setting) => (
        <SettingRow key={setting.key} setting={setting} {...page} />
      ))}
    </>
  );
}

function SettingRow({ setting, ...page }: SettingContext & { setting: PageSetting }) {
  const { registry, isReadOnly, environment, onChange, config, saveActions } = page;
  const path = settingPath(page.pluginId, setting.key);
  const isSetByEnv = environment.includes(setting.key.toLowerCase());
  const isDisabled = isReadOnly || isSetByEnv;
  if (setting.type === 'custom') {
    const Custom = registry.settings.get(setting.key.toLowerCase());
    return Custom === undefined ? (
      <div className="banner warning">In order to view this setting, enable the plugin.</div>
    ) : (
      <Custom
        id={path}
        disabled={isReadOnly}
        config={config}
        registerSaveAction={saveActions.register}
        unRegisterSaveAction={saveActions.unregister}
      />
    );
  }
  return (
    <div className="form-group" data-key={setting.key}>
      <label className="control-label col-sm-4" htmlFor={path}>
        {setting.display_name}
      </label>
      <div className="col-sm-8">
        <SettingInput {...{ path, setting, isDisabled, onChange }} />
        <div className="help-text">{setting.help_text}</div>
        {isSetByEnv && (
          <div className="alert alert-warning">
            This setting has been set through an environment variable. It cannot be changed through
            the System Console.
          </div>
        )}
      </div>
    </div>
  );
}

interface SettingInputProps {
  path: string;
  setting: PageSetting;
  isDisabled: boolean;
  onChange: () => void;
}

function SettingInput({ path, setting, isDisabled, onChange }: SettingInputProps) {
  const isOn = setting.default === true;
  if (setting.type === 'bool') {
    return (
      <div className="radio-row">
        {[true, false].map((value) => (
          <label key={String(value)}>
            <input
              type="radio"
              name={path}
              id={value ? path : undefined}
              value={String(value)}
              defaultChecked={value === isOn}
              disabled={isDisabled}
              onChange={onChange}
            />
            {value ? ' True' : ' False'}
          </label>
        ))}
      </div>
    );
  }
  const shared = {
    id: path,
    name: path,
    className: 'form-control',
    defaultValue: String(setting.default ?? ''),
    placeholder: setting.placeholder,
    disabled: isDisabled,
    onChange,
  };
  if (setting.type === 'longtext') {
    return <textarea rows={5} {...shared} />;
  }
  return <input type={setting.type === 'number' ? 'number' : 'text'} {...shared} />;
}
