/** What a child can be told to do; arguments and results go from process to process. */
export type Commands = Readonly<Record<string, (...args: never[]) => unknown>>

export interface Call {
  readonly number: number
  readonly name: string
  readonly args: readonly unknown[]
}

export interface Answer {
  readonly number: number
  readonly result?: unknown
  readonly error?: string | undefined
}

/** In the child: does what the parent says, for as long as there is one. */
export function obey(commands: Commands): void {
  const answer = (message: Answer): unknown => process.send?.(message)
  process.on('message', async ({ number, name, args }: Call) => {
    try {
      const command = commands[name] as (...args: never[]) => unknown
      answer({ number, result: await Reflect.apply(command, undefined, args) })
    } catch (error) {
      answer({ number, error: error instanceof Error ? error.stack : String(error) })
    }
  })
  process.on('disconnect', () => process.exit())
}
