/** What the bench told this script. */
export const options = JSON.parse(process.argv[2] ?? '{}')

/**
 * The other end of a `Script`: answers its calls from now on, and says that it is ready.
 *
 * @param {unknown} ready
 * @param {Record<string, (...args: any[]) => unknown>} calls
 */
export function answer(ready, calls) {
  process.on('message', async (/** @type {any} */ { id, name, args }) => {
    try {
      process.send?.({ id, value: await calls[name]?.(...args) })
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? error.stack : String(error) })
    }
  })
  // A bench that was broken off leaves nothing behind.
  process.once('disconnect', () => process.exit())
  process.send?.({ id: 'ready', value: ready })
}
