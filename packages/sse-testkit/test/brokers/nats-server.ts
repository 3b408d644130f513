import { findProgram } from '../../../../scripts/programs.mjs'
import { askNats } from './ask-nats.js'
import { Broker } from './broker.js'

/** How a `NatsServer` is started. */
export interface NatsOptions {
  /** The token that clients must send. @defaultValue none */
  readonly token?: string
  /** Whether it requires TLS, with the certificate `ca`. @defaultValue false */
  readonly tls?: boolean
  /** @defaultValue a free one */
  readonly port?: number
  /** Further arguments. */
  readonly args?: readonly string[]
}

/** A real NATS server with JetStream. What a stream has acknowledged survives `kill()`. */
export class NatsServer extends Broker {
  readonly #token: string | undefined

  private constructor({ token, tls = false, args = [] }: NatsOptions) {
    super({
      name: 'nats-server',
      executable: findProgram('nats'),
      readyLine: /Server is ready/,
      args: ({ port, data, keyFile, certFile }) => [
        ...['-a', '127.0.0.1', '-p', `${port}`, '-js', '-sd', data],
        ...(tls ? ['--tls', '--tlskey', keyFile, '--tlscert', certFile] : []),
        ...(token === undefined ? [] : ['--auth', token]),
        ...args,
      ],
    })
    this.#token = token
  }

  /** Resolves once it answers. */
  static start(options: NatsOptions = {}): Promise<NatsServer> {
    return new NatsServer(options).launch(options.port)
  }

  /** Without the token. */
  get url(): string {
    return `nats://127.0.0.1:${this.port}`
  }

  /**
   * The reply to one request on a new connection: to JetStream's API (`$JS.API.STREAM.NAMES`), or to a message on a stream's
   * subject.
   *
   * @throws {Error} what the server says when it refuses
   */
  ask(subject: string, payload = ''): Promise<string> {
    return askNats(this.port, subject, payload, this.#token)
  }
}
