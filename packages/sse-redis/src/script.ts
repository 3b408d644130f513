import { createHash } from 'node:crypto'

/** A Lua script. A server that has run it knows it by its digest. */
export class Script {
  readonly source: string
  readonly digest: string

  constructor(source: string) {
    this.source = source
    this.digest = createHash('sha1').update(source).digest('hex')
  }
}

/** Sends a command. Its first key decides which server gets it. */
export type SendCommand = (name: string, args: string[]) => Promise<unknown>

/** Runs scripts by their digests, and sends the source to servers that do not know a script, or have forgotten it. */
export class ScriptRunner {
  readonly #send: SendCommand
  readonly #loading = new Map<Script, Promise<unknown>>()

  constructor(send: SendCommand) {
    this.#send = send
  }

  // In lower case: ioredis before 5.9 does not know others by what they are, and leaves their keys without its `keyPrefix`.
  async run(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args]
    const byDigest = (): Promise<unknown> => this.#send('evalsha', [script.digest, ...rest])
    try {
      return await byDigest()
    } catch (error) {
      if (!isUnknownScript(error)) throw error
    }
    // Ten thousand calls before the first answer must not send the source ten thousand times.
    const others = this.#loading.get(script)
    if (others !== undefined) {
      await others.catch(() => {})
      try {
        return await byDigest()
      } catch (error) {
        // This one is for another server of a cluster.
        if (!isUnknownScript(error)) throw error
      }
    }
    return this.#load(script, rest)
  }

  #load(script: Script, rest: readonly string[]): Promise<unknown> {
    const loading = this.#send('eval', [script.source, ...rest])
    this.#loading.set(script, loading)
    return loading.finally(() => {
      if (this.#loading.get(script) === loading) this.#loading.delete(script)
    })
  }
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT')
}
