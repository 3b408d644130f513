import { createHash } from 'node:crypto'

/** A Lua script, which servers know by its digest once they have run it. */
export class Script {
  readonly source: string
  readonly digest: string

  constructor(source: string) {
    this.source = source
    this.digest = createHash('sha1').update(source).digest('hex')
  }

  /** Runs it: `send` gets `EVALSHA` first, and `EVAL` if the server does not know the script (yet, or any more). */
  async run(
    send: (command: string, args: string[]) => Promise<unknown>,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args]
    try {
      return await send('EVALSHA', [this.digest, ...rest])
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
      return send('EVAL', [this.source, ...rest])
    }
  }
}
