import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from '../../../../scripts/programs.mjs'
import { freePort } from '../network/free-port.js'

/** Makes the configuration of an nginx, given its own folder and a free port. */
type Configure = (folder: string, port: number) => string

/** A real nginx in front of a server, with its default settings and those that a test adds. */
export class Nginx {
  readonly url: string
  readonly #process: ChildProcess
  readonly #folder: string
  readonly #kill = (): void => void this.#process.kill()

  private constructor(url: string, child: ChildProcess, folder: string) {
    this.url = url
    this.#process = child
    this.#folder = folder
    process.once('exit', this.#kill)
  }

  /**
   * @param upstream the port of the server behind it
   * @param locations further directives by the path that they hold for, which the server behind does not see
   */
  static start(upstream: number, locations: Readonly<Record<string, string>> = { '/': '' }): Promise<Nginx> {
    return Nginx.run((folder, port) => configuration(folder, port, upstream, locations))
  }

  /** Runs with a whole configuration, which has `mainPlaces` and `httpPlaces` in it. */
  static async run(configure: Configure, scheme = 'http'): Promise<Nginx> {
    const program = findProgram('nginx')
    if (program === undefined) throw new Error('no nginx was found; set NGINX to its executable')
    const folder = mkdtempSync(join(tmpdir(), 'ssekit-nginx-'))
    // If root starts it, its workers run as another user.
    chmodSync(folder, 0o755)
    const config = join(folder, 'nginx.conf')
    for (;;) {
      // It cannot choose a port itself, and another program may take this one before it starts.
      const port = await freePort()
      writeFileSync(config, configure(folder, port))
      const child = spawn(program, ['-p', folder, '-c', config, '-e', 'error.log'], {
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      const nginx = new Nginx(`${scheme}://127.0.0.1:${port}`, child, folder)
      const complaint = await nginx.#ready(port)
      if (complaint === undefined) return nginx
      process.off('exit', nginx.#kill)
      if (!complaint.includes('Address already in use')) throw new Error(`nginx did not start: ${complaint}`)
    }
  }

  async close(): Promise<void> {
    process.off('exit', this.#kill)
    const exit = once(this.#process, 'exit')
    this.#kill()
    await exit
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Resolves once it accepts connections, or to its error output if it does not start. */
  async #ready(port: number): Promise<string | undefined> {
    let complaint = ''
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaint += text
    })
    while (this.#process.exitCode === null) {
      const socket = connect(port, '127.0.0.1')
      const [what] = await Promise.race([once(socket, 'connect').then(() => ['connect']), once(socket, 'close')]).catch(
        () => [],
      )
      socket.destroy()
      if (what === 'connect') return undefined
    }
    return complaint
  }
}

function configuration(
  folder: string,
  port: number,
  upstream: number,
  locations: Readonly<Record<string, string>>,
): string {
  return `
    ${mainPlaces(folder)}
    events {}
    http {
      ${httpPlaces(folder)}
      server {
        listen 127.0.0.1:${port};
        ${Object.entries(locations)
          .map(([path, directives]) => `location ${path} { proxy_pass http://127.0.0.1:${upstream}/; ${directives} }`)
          .join('\n')}
      }
    }`
}

/** Directives for the main context: files in the test's folder, and no daemon, so that nginx stays a child of the test. */
export function mainPlaces(folder: string): string {
  return `daemon off; pid ${folder}/pid; error_log ${folder}/error.log;`
}

/** The same for the context `http`. */
export function httpPlaces(folder: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `access_log off; ${temporary.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ')}`
}
