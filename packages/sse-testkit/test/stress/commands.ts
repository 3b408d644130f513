/** The functions of a child; arguments and results are sent between processes. */
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

/** In the child: carries out the parent's calls, for as long as the parent runs. */
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
