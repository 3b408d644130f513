import { findProgram } from '../../../../scripts/programs.mjs'
import { askRedis } from './ask-redis.js'
import { Broker } from './broker.js'

/** How a `RedisServer` is started. */
export interface RedisOptions {
  /** The password that `AUTH` requires. @defaultValue none */
  readonly password?: string
  /** Whether its port speaks TLS, with the certificate `ca`. @defaultValue false */
  readonly tls?: boolean
  /** @defaultValue a free one */
  readonly port?: number
  /**
   * When its file is synced to disk. Data that was acknowledged survives `kill()` either way, but on a machine that writes
   * slowly, 'everysec' may delay replies by two seconds; false keeps data in memory only. @defaultValue 'always'
   */
  readonly appendOnly?: 'always' | 'everysec' | false
  /** Further arguments, such as `['--maxmemory', '1mb']`. */
  readonly args?: readonly string[]
}

/** A real Redis (or Valkey). */
export class RedisServer extends Broker {
  readonly #password: string | undefined
  readonly #hasTls: boolean

  private constructor({ password, tls = false, appendOnly = 'always', args = [] }: RedisOptions) {
    super({
      name: 'redis-server',
      executable: findProgram('redis'),
      readyLine: /Ready to accept connections/,
      args: ({ port, data, keyFile, certFile }) => [
        ...['--bind', '127.0.0.1', '--dir', data, '--save', ''],
        ...(tls
          ? ['--port', '0', '--tls-port', `${port}`, '--tls-key-file', keyFile, '--tls-cert-file', certFile]
          : ['--port', `${port}`]),
        ...(tls ? ['--tls-auth-clients', 'no'] : []),
        ...(appendOnly === false ? [] : ['--appendonly', 'yes', '--appendfsync', appendOnly]),
        ...(password === undefined ? [] : ['--requirepass', password]),
        ...args,
      ],
    })
    this.#password = password
    this.#hasTls = tls
  }

  /** Resolves once it answers. */
  static start(options: RedisOptions = {}): Promise<RedisServer> {
    return new RedisServer(options).launch(options.port)
  }

  /** With the password. */
  get url(): string {
    const credentials = this.#password === undefined ? '' : `:${encodeURIComponent(this.#password)}@`
    return `${this.#hasTls ? 'rediss' : 'redis'}://${credentials}127.0.0.1:${this.port}`
  }

  /**
   * The reply to one command on a new connection: text and numbers as text, null for null.
   *
   * @throws {Error} what the server says to a command that it refuses
   */
  ask(...command: readonly [string, ...string[]]): Promise<string | null> {
    return askRedis(this.url, command)
  }
}
