import React, { useRef, useState, type FormEvent } from 'react';
import type { PluginRegistry } from './registry.ts';
import type { PageManifest, PageSection, PageSetting } from './settings.ts';

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

const otherPlugins = ['Agents', 'Calls', 'GitHub', 'Jira', 'Playbooks'];

/** The part of System Console around a plugin's settings: sidebar, header, form, save bar. */
export function Frame(props: FrameProps) {
  const { manifest, registry, isReadOnly, environment, onSubmit, onSave } = props;
  const [isDirty, setDirty] = useState(false);
  const [refusal, setRefusal] = useState('');
  const form = useRef<HTMLFormElement>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
    if (isDirty && form.current !== null) {
      onSave(form.current).then(
        () => {
          setDirty(false);
          setRefusal('');
        },
        (error: unknown) => {
          setRefusal(String(error));
        },
      );
    }
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
                  manifest={manifest}
                  registry={registry}
                  isReadOnly={isReadOnly}
                  environment={environment}
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
  onChange: () => void;
}

function Settings({ manifest, ...page }: SettingContext & { manifest: PageManifest }) {
  const { sections, settings = [] } = manifest.settings_schema;
  if (sections === undefined) {
    return (
      <>
        {settings.map((setting) => (
          <SettingRow key={setting.key} setting={setting} {...page} />
        ))}
      </>
    );
  }
  return (
    <>
      {sections.map((section) => (
        <SectionView key={section.key} section={section} {...page} />
      ))}
    </>
  );
}

function SectionView({ section, ...page }: SettingContext & { section: PageSection }) {
  const { registry } = page;
  const rows = (section.settings ?? []).map((setting) => (
    <SettingRow key={setting.key} setting={setting} {...page} />
  ));
  const Custom = section.custom === true ? registry.sections.get(section.key.toLowerCase()) : null;
  if (Custom !== null && Custom !== undefined) {
    return <Custom settingsList={rows} />;
  }
  return (
    <div className="config-section">
      <div className="section-header">
        <div className="section-title">{section.title}</div>
        <div className="section-subtitle">{section.subtitle}</div>
      </div>
      <div className="section-body">{rows}</div>
    </div>
  );
}

function SettingRow({ setting, ...page }: SettingContext & { setting: PageSetting }) {
  const { registry, isReadOnly, environment, onChange } = page;
  const isSetByEnv = environment.includes(setting.key.toLowerCase());
  const isDisabled = isReadOnly || isSetByEnv;
  if (setting.type === 'custom') {
    const Custom = registry.settings.get(setting.key.toLowerCase());
    return Custom === undefined ? null : <Custom id={setting.key} disabled={isReadOnly} />;
  }
  return (
    <div className="form-group">
      <label className="control-label col-sm-4" htmlFor={setting.key}>
        {setting.display_name}
      </label>
      <div className="col-sm-8">
        <SettingInput {...{ setting, isDisabled, onChange }} />
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
  setting: PageSetting;
  isDisabled: boolean;
  onChange: () => void;
}

function SettingInput({ setting, isDisabled, onChange }: SettingInputProps) {
  const isOn = setting.default === true;
  if (setting.type === 'bool') {
    return (
      <div className="radio-row">
        {[true, false].map((value) => (
          <label key={String(value)}>
            <input
              type="radio"
              name={setting.key}
              id={value ? setting.key : undefined}
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
    id: setting.key,
    name: setting.key,
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
