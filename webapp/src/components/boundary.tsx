import React, { Component, type ErrorInfo, type ReactNode } from 'react';
import { IntlContext } from 'react-intl';
import { isDarkTheme } from '../host/theme.ts';
import { translationsFor } from '../i18n/translations.ts';
import { manifest } from '../manifest.ts';
import { Button } from './button.tsx';
import { copyText } from './copy-text.ts';
import { rootClass } from './root-class.ts';

interface BoundaryState {
  error: Error | null;
  componentStack: string;
}

/**
 * Keeps a fault of ours inside our box: without it, an exception while rendering blanks the whole
 * client. Its own text does not go through the host's translations, because they may be what failed.
 */
export class Boundary extends Component<{ children: ReactNode }, BoundaryState> {
  static override contextType = IntlContext;

  override state: BoundaryState = { error: null, componentStack: '' };
  private readonly shown = React.createRef<HTMLPreElement>();

  static getDerivedStateFromError(error: unknown): Partial<BoundaryState> {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override componentDidCatch(_error: unknown, info: ErrorInfo): void {
    this.setState({ componentStack: info.componentStack ?? '' });
  }

  private readonly retry = () => {
    this.setState({ error: null, componentStack: '' });
  };

  private readonly copy = () => {
    // When copying is forbidden the text is selected instead, which the reader sees.
    copyText(this.#details(), this.shown.current).catch(() => undefined);
  };

  #details(): string {
    const { error, componentStack } = this.state;
    return [
      `plugin: ${manifest.id} ${manifest.version}`,
      `react: ${React.version}`,
      `browser: ${navigator.userAgent}`,
      error?.stack ?? String(error),
      componentStack.trim(),
    ].join('\n');
  }

  override render(): ReactNode {
    if (this.state.error === null) {
      return this.props.children;
    }
    const { locale } = (this.context ?? {}) as { locale?: string };
    const messages = translationsFor(locale ?? 'en');
    return (
      <div className={`config-section ${rootClass(isDarkTheme())}`}>
        <div className="section-body">
          <div className="mmx-notice mmx-tone--error" role="alert">
            <div className="mmx-notice__text">
              <p className="mmx-notice__title">{messages['mmx.boundary.title']}</p>
              <p className="mmx-notice__advice">{messages['mmx.boundary.advice']}</p>
              <div className="mmx-actions">
                <Button look="secondary" isSmall onClick={this.retry}>
                  {messages['mmx.boundary.retry']}
                </Button>
                <Button look="quiet" isSmall onClick={this.copy}>
                  {messages['mmx.copy']}
                </Button>
              </div>
              <details className="mmx-details">
                <summary>{messages['mmx.details']}</summary>
                <pre ref={this.shown}>{this.#details()}</pre>
              </details>
            </div>
          </div>
        </div>
      </div>
    );
  }
}
