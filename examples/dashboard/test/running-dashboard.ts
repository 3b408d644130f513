import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../dist/server.js', import.meta.url))

/** The program that `npm start` runs, in its own process. */
export interface RunningDashboard {
  readonly address: string
  /** What it printed at its start. */
  readonly greeting: string
  readonly process: ChildProcess
  /** Sends a signal; resolves to the exit code, or to undefined if the process had to be killed after twenty seconds. */
  stop(signal?: NodeJS.Signals): Promise<number | undefined>
}

/** Resolves once it has printed its addresses. */
export async function startDashboard(port = 0, env: NodeJS.ProcessEnv = {}): Promise<RunningDashboard> {
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, PORT: String(port), ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let greeting = ''
  for await (const line of createInterface({ input: child.stdout })) {
    greeting += `${line}\n`
    if (!line.includes('Ctrl+C')) continue
    const address = /The dashboard is at (\S+)/.exec(greeting)?.[1]
    if (address !== undefined) return { address, greeting, process: child, stop: (signal) => stop(child, signal) }
  }
  throw new Error('the dashboard printed no address')
}

/** Resolves to the first of three free ports in a row, on which a dashboard can be started again. */
export async function threePorts(): Promise<number> {
  for (;;) {
    const first = await occupy(0)
    const { port } = first.address() as AddressInfo
    const next = await Promise.allSettled([occupy(port + 1), occupy(port + 2)])
    first.close()
    for (const result of next) if (result.status === 'fulfilled') result.value.close()
    if (next.every(({ status }) => status === 'fulfilled')) return port
  }
}

async function occupy(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | undefined> {
  if (child.exitCode !== null) return child.exitCode
  const exited = once(child, 'exit')
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
  child.kill(signal)
  const [code] = await exited
  clearTimeout(timer)
  return code ?? undefined
}
