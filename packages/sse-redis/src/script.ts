import { createHash } from 'node:crypto'

/** A Lua script, which servers know by its digest once they have run it. */
export class Script {
  readonly source: string
  readonly digest: string

  constructor(source: string) {
    this.source = source
    this.digest = createHash('sha1').update(source).digest('hex')
  }
}

/** Sends a command of which the first key says to which server. */
export type SendCommand = (name: string, args: string[]) => Promise<unknown>

/** Runs scripts by their digests, and brings their source to servers that do not know them (yet, or any more). */
export class ScriptRunner {
  readonly #send: SendCommand
  readonly #loading = new Map<Script, Promise<unknown>>()

  constructor(send: SendCommand) {
    this.#send = send
  }

  async run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args]
    const byDigest = (): Promise<unknown> => this.#send('EVALSHA', [script.digest, ...rest])
    try {
      return await byDigest()
    } catch (error) {
      if (!isUnknownScript(error)) throw error
    }
    // Ten thousand that were sent before the first answer must not bring the source ten thousand times.
    const others = this.#loading.get(script)
    if (others !== undefined) {
      await others.catch(() => {})
      try {
        return await byDigest()
      } catch (error) {
        // Another server of a cluster.
        if (!isUnknownScript(error)) throw error
      }
    }
    return this.#load(script, rest)
  }

  #load(script: Script, rest: readonly string[]): Promise<unknown> {
    const loading = this.#send('EVAL', [script.source, ...rest])
    this.#loading.set(script, loading)
    return loading.finally(() => {
      if (this.#loading.get(script) === loading) this.#loading.delete(script)
    })
  }
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT')
}
