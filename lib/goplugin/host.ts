import type { Duplex } from 'node:stream';
import type { ByteStream } from '../bytes/index.ts';
import { bool, string } from '../gob/index.ts';
import { RpcClient } from '../netrpc/index.ts';
import { type Clock, systemClock } from '../runtime/index.ts';
import { YamuxSession } from '../yamux/index.ts';
import { MuxBroker } from './broker.ts';

/** The host's end of a plugin connection: what a Go host does after it has read the handshake line. */
export class PluginConnection {
  readonly session: YamuxSession;
  readonly broker: MuxBroker;
  readonly #control: RpcClient;
  readonly #idle: readonly ByteStream[];

  constructor(socket: Duplex, clock: Clock = systemClock) {
    this.session = new YamuxSession(socket, {
      role: 'client',
      clock,
      onStream: (stream) => void this.broker.receive(stream),
    });
    this.broker = new MuxBroker(clock, this.session);
    void this.session.closed.then((reason) => this.broker.close(reason));
    this.#control = new RpcClient(this.session.open(), { clock });
    // What the plugin's redirected stdout and stderr would come by.
    this.#idle = [this.session.open(), this.session.open()];
  }

  async ping(): Promise<void> {
    await this.#control.call('Control.Ping', bool, true);
  }

  /** The connection on which the plugin serves what it calls `name`. */
  async dispense(name: string): Promise<ByteStream> {
    const id = await this.#control.call('Dispenser.Dispense', string, name);
    return this.broker.dial(Number(id));
  }

  /** Asks the plugin to end and hangs up, in the order of the reference. */
  async quit(): Promise<void> {
    await this.#control.call('Control.Quit', bool, true);
    await this.#control.close();
    for (const stream of this.#idle) await stream.end();
    this.session.close();
  }
}
